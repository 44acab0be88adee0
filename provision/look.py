"""Asks a guest what it is, before there are steps for it: profiles may need to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from .facts import Facts
from .probe import Probe
from .step import Change, RunAs, Step
from .transport import Transport


@dataclass(frozen=True)
class Question(Step):
    """A fact of one's own: only a probe, which nothing changes. State: the answer."""

    kind: ClassVar[str] = "question"

    about: str
    script: str
    run_as: RunAs = field(default="login", kw_only=True)

    @property
    def name(self) -> str:
        """What is asked for."""
        return self.about

    def probe(self) -> str:
        """Ask."""
        return self.script

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Leave everything as it is."""
        del state, facts
        return None


def look(
    transport: Transport, questions: Sequence[Question] = ()
) -> tuple[Facts, Mapping[str, str | None]]:
    """Return the guest's facts and each question's answer by its name, found in one exec.

    Raises:
        GuestUnreachable: the guest could not be reached.
        UnsupportedGuest: it is no Debian or Ubuntu.
    """
    probe = Probe(questions)
    lines: list[str] = []
    transport.run(probe.script(), lines.append)
    answer = probe.read(lines)
    return answer.facts, {q.about: answer.states.get(q.id) for q in questions}
