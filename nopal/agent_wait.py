"""Waiting for an agent: until it wants something, has done its work, or is no more."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .agent_states import AgentSession, State
from .errors import ProjectError
from .machine_errors import MachineError
from .task_records import OPEN, TaskRecord

if TYPE_CHECKING:
    from .agent_list import Seen

STATUS: dict[State, int] = {"done": 0, "idle": 0, "failed": 1, "waiting": 3, "gone": 4}
"""The exit status of `inv wait` by the state in which it ends."""
TIMED_OUT = 124
IDLE_S = 60
"""How long an agent has to be idle: one that was only just started is about to begin."""
PATIENCE_S = 60
"""How long a machine may not answer that listens."""
_EVERY_S = 2
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@dataclass(eq=False)
class NoSuchSession(MachineError):
    """A session that is to be waited for and that the machine does not have."""

    session: str
    machine: str
    known: tuple[str, ...] | None
    """None: the machine does not run."""
    exit_status = 2

    def __str__(self) -> str:
        if self.known is None:
            return f"{self.machine} does not run; start it with: inv up -p {self.machine}"
        known = ", ".join(self.known) or "none"
        return f"there is no session {self.session} in {self.machine}; there are: {known}"


@dataclass(eq=False)
class BadTime(ProjectError):
    """A span of time that cannot be read."""

    text: str

    def __str__(self) -> str:
        return f"`{self.text}` is no span of time\n  such as 90s, 30m or 2h"


@dataclass(frozen=True)
class Waiting:
    """One wait; the callables are the machine and the clock."""

    look: Callable[[], Seen]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until_it_stops(self, session: str, limit_s: float | None) -> AgentSession | None:
        """Return the session once it no longer works; None when the time is over.

        Raises:
            NoSuchSession: it is not there when the wait begins.
        """
        began = self.clock()
        heard = idle_since = began
        last: AgentSession | None = None
        while limit_s is None or self.clock() - began <= limit_s:
            seen = self.look()
            now = self.clock()
            if not seen.failure:
                heard = now
            if seen.failure and now - heard < PATIENCE_S and seen.runs:
                self.sleep(_EVERY_S)
                continue
            found = next((one for one in seen.sessions if one.name == session), None)
            if found is None:
                return _gone(seen, session, last)
            if found.state != "idle":
                idle_since = now
            last = found
            if found.state in STATUS and (found.state != "idle" or now - idle_since >= IDLE_S):
                return found
            self.sleep(_EVERY_S)
        return None


def _gone(seen: Seen, session: str, last: AgentSession | None) -> AgentSession:
    if last is None and not seen.failure:
        known = tuple(one.name for one in seen.sessions) if seen.runs else None
        raise NoSuchSession(session, seen.machine, known)
    why = (seen.failure or "its session was closed") if seen.runs else "the machine was stopped"
    return AgentSession(session, last.agent if last else "", "gone", why)


def of_task(record: TaskRecord) -> AgentSession | None:
    """Return how the session of a task ended that is closed by now; None for one yet to end."""
    if record.state in {*OPEN, "held"}:
        return None
    state = record.state if record.state in ("done", "failed", "waiting") else "gone"
    said = record.said if state == record.state else record.state
    return AgentSession(record.session, record.agent, state, said)


def in_seconds(text: str) -> float | None:
    """Return the span that `text` says (`90`, `90s`, `30m`, `2h`), None where it is empty.

    Raises BadTime: it says none.
    """
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,9})\s*(s|m|min|h|d)?", text.strip())
    if match is None:
        raise BadTime(text)
    return float(int(match[1]) * _UNITS[match[2] or ""])
