"""What an agent's session is up to, from what its hooks told and what its pane shows. Pure.

Neither is enough. A hook knows the question, but none is called when the agent is killed or the
person interrupts it; a pane shows what is, but cannot tell what was finished. So the pane decides
where it can, and else the hook is believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from .session_look import Look, Pane, Told
from .sessions import PROMPTED

if TYPE_CHECKING:
    from profiles.agent import Agent

State = Literal["working", "waiting", "idle", "done", "failed", "gone"]

_Judged: TypeAlias = "tuple[State, str, int | None]"
"""State, detail, and since when."""
STILL_S = 8
"""An agent that works paints its screen at least each second; slower machines get some more."""
TAKEN_UP_WITHIN_S = 60
"""An agent that was started with a prompt may show nothing new for so long before it works."""
GONE_IS_TOLD_S = 24 * 3600
"""How long after its start a session that vanished is still told of."""


@dataclass(frozen=True)
class AgentSession:
    """One agent's session in one machine."""

    name: str
    agent: str
    state: State
    detail: str = ""
    """The question it waits with, or how it failed."""
    for_s: int | None = None
    """How long it is in this state, where that is known."""
    is_attached: bool = False


def judge(look: Look, describe: Callable[[str], Agent | None]) -> tuple[AgentSession, ...]:
    """Return the sessions of one machine by name; `describe` finds an agent by its profile."""
    found = {pane.session: _of_pane(pane, describe(pane.agent), look.now) for pane in look.panes}
    for record in look.records:
        age = look.now - record.started
        if record.session not in found and age < GONE_IS_TOLD_S:
            why = "its session was ended, or the machine restarted"
            found[record.session] = AgentSession(record.session, record.agent, "gone", why)
    return tuple(found[name] for name in sorted(found))


def _of_pane(pane: Pane, agent: Agent | None, now: int) -> AgentSession:
    if pane.is_alone and not pane.has_ended:
        # It may be silent for long, and nobody can be asked.
        return AgentSession(pane.session, pane.agent, "working", "", None, pane.is_attached)
    if pane.told is not None and pane.told.word == PROMPTED:
        # The agent itself has told nothing yet.
        state, detail, since = _starting(replace(pane, told=None), agent, now, pane.told.since)
    else:
        state, detail, since = _judge(pane, agent, now)
    for_s = None if since is None else max(0, now - since)
    return AgentSession(pane.session, pane.agent, state, detail, for_s, pane.is_attached)


def _starting(pane: Pane, agent: Agent | None, now: int, begun: int) -> _Judged:
    """Judge an agent that has not taken up its prompt: it is idle only if it never does."""
    judged = _judge(pane, agent, now)
    if judged[0] == "idle" and now - max(begun, pane.last_output) < TAKEN_UP_WITHIN_S:
        return "working", "starting", begun
    return judged


def _judge(pane: Pane, agent: Agent | None, now: int) -> _Judged:
    if pane.has_ended:
        return (*_ended(pane), pane.last_output)
    asks = agent is not None and _shows(pane, agent.asks)
    works = agent is not None and _shows(pane, agent.works)
    is_still = now - pane.last_output >= STILL_S
    told = pane.told
    if told is not None and told.word == "waiting" and (asks or not (agent and agent.asks)):
        return "waiting", told.question, told.since
    if asks and (told is None or told.word == "working"):
        # A dialog of which no hook is told. After the work it may be a word of the agent's.
        return "waiting", _question(pane), pane.last_output
    if told is None and not pane.screen:
        return "working", "starting", None
    if told is None:
        # An agent that tells its state and has not yet has only just begun.
        shows_work = works if agent and (agent.tells or agent.works) else not is_still
        return ("working" if shows_work else "idle"), "", None
    return _as_told(told, pane, works=works, is_still=is_still)


def _as_told(told: Told, pane: Pane, *, works: bool, is_still: bool) -> _Judged:
    """Judge an agent that asks nothing by what it last told, unless its screen knows better."""
    match told.word:
        case "working" | "waiting" if is_still and not works:
            # Called off by the person, of which no hook is told.
            return "idle", "", pane.last_output
        case "working":
            return "working", "", told.since
        case "background":
            return "working", "in the background", told.since
        case "waiting":
            return "working", "", None  # it was answered
        case "done" | "failed" if not works:
            return ("done" if told.word == "done" else "failed"), told.question, told.since
    return ("working" if works else "idle"), "", None if works else told.since


def _ended(pane: Pane) -> tuple[State, str]:
    if pane.signal:
        return "failed", f"ended by signal {pane.signal}"
    if pane.status is None:
        return "failed", "it could not be started"
    return ("failed", f"ended with status {pane.status}") if pane.status else ("done", "ended")


def _shows(pane: Pane, sign: str) -> bool:
    return bool(sign) and any(re.search(sign, line, re.IGNORECASE) for line in pane.screen)


def _question(pane: Pane) -> str:
    return next(_questions(pane), pane.screen[0] if pane.screen else "")


def _questions(pane: Pane) -> Iterator[str]:
    return (line for line in pane.screen if line.endswith("?"))
