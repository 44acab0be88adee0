"""What changed between two looks at the agents' sessions. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .agent_list import Seen
from .agent_states import AgentSession, State


@dataclass(frozen=True)
class Change:
    """One session that is in another state than before, or asks something else."""

    machine: str
    session: AgentSession
    was: State | None = None
    """None: it was not there."""

    @property
    def wants_the_person(self) -> bool:
        """Whether somebody who looks elsewhere should be told: the agent works no more."""
        return self.was is not None and self.session.state in {"waiting", "done", "failed", "gone"}

    @property
    def data(self) -> dict[str, object]:
        """The change for `--json`."""
        return {"machine": self.machine, **asdict(self.session), "was": self.was}

    def __str__(self) -> str:
        """Return it in one line."""
        was = f"{self.was} → " if self.was not in {None, self.session.state} else ""
        detail = f": {self.session.detail}" if self.session.detail else ""
        return f"{self.machine}: {self.session.name}: {was}{self.session.state}{detail}"


def changes(before: Iterable[Seen], after: Iterable[Seen]) -> tuple[Change, ...]:
    """Return what changed; a session that is there no more is gone."""
    old = {(one.machine, each.name): each for one in before for each in one.sessions}
    found = []
    for one in after:
        for session in one.sessions:
            was = old.pop((one.machine, session.name), None)
            if was is None or (was.state, was.detail) != (session.state, session.detail):
                found.append(Change(one.machine, session, was.state if was else None))
    found += [
        Change(machine, AgentSession(name, was.agent, "gone"), was.state)
        for (machine, name), was in old.items()
    ]
    return tuple(found)


def known(before: Iterable[Seen], after: Iterable[Seen]) -> tuple[Seen, ...]:
    """Return `after`, with the sessions of before for a machine that did not answer."""
    old = {one.machine: one for one in before}
    return tuple(old.get(one.machine, one) if one.failure else one for one in after)
