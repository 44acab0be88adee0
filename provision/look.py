"""Asks a guest what it is, before there are steps for it: profiles may need to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from .errors import ConvergeError
from .facts import Facts
from .probe import Answer, Probe
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
    return answer.facts, _answers(questions, answer)


@dataclass(eq=False)
class PremiseFailed(ConvergeError):
    """The guest is not what the steps were declared for; nothing was changed."""

    facts: Facts
    answers: Mapping[str, str | None]

    def __str__(self) -> str:
        return "The guest is not what it was taken for: its steps have to be declared anew."


@dataclass(frozen=True)
class Premise:
    """What steps were declared on, so that a converge can make sure of it by its first probe."""

    questions: tuple[Question, ...]
    holds: Callable[[Facts, Mapping[str, str | None]], bool]
    """Gets the facts and each question's answer by its name."""

    def require(self, answer: Answer) -> None:
        """Raise PremiseFailed unless it holds."""
        answers = _answers(self.questions, answer)
        if not self.holds(answer.facts, answers):
            raise PremiseFailed(answer.facts, answers)


def _answers(questions: Sequence[Question], answer: Answer) -> dict[str, str | None]:
    return {question.about: answer.states.get(question.id) for question in questions}
