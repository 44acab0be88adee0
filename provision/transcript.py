"""The full log of a converge: what a guest said, the marks turned into the names of steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .framing import Framing
from .groups import Group
from .plan import Action

_ABOUT_STEPS = ("begin", "end", "state")
"""Verbs whose index is that of a subject."""


class Log(Protocol):
    """Where the log goes; any text file will do."""

    def write(self, text: str, /) -> object:
        """Take some text."""


@dataclass(frozen=True)
class Subject:
    """What the marks of one index are about."""

    title: str
    is_private: bool = False
    """What is said about it stays out of the log."""


@dataclass
class Transcript:
    """Writes what one script says to `log`."""

    log: Log
    framing: Framing
    subjects: Sequence[Subject]
    _is_private: bool = False
    _blank_lines: int = 0

    def line(self, line: str) -> None:
        """Take one line of output."""
        mark = self.framing.read(line)
        if mark is None:
            self._output(line)
        elif mark.verb == "say":
            self._write(f"{self.subjects[mark.index].title}| {mark.text}")
        else:
            # The newline before a mark is the mark's own.
            self._blank_lines = 0
            words = [mark.verb]
            is_about_step = mark.verb in _ABOUT_STEPS and mark.index < len(self.subjects)
            subject = self.subjects[mark.index] if is_about_step else Subject("")
            if mark.verb == "end" and mark.status:
                words.append(f"(exit status {mark.status})")
            self._is_private = subject.is_private and mark.verb == "state"
            self._write(" ".join(["#", *words, subject.title]).rstrip())
            if self._is_private:
                self._write("(not kept)")

    def _output(self, line: str) -> None:
        if self._is_private:
            return
        if not line:
            self._blank_lines += 1
            return
        for text in [""] * self._blank_lines + [line]:
            self._write(text)
        self._blank_lines = 0

    def _write(self, line: str) -> None:
        self.log.write(line + "\n")


def keep(
    log: Log | None, title: str, framing: Framing, subjects: Sequence[Subject]
) -> Callable[[str], None]:
    """Begin the part of `log` called `title`; return what takes the lines of its script."""
    if log is None:
        return lambda _line: None
    log.write(f"# {title}\n")
    return Transcript(log, framing, subjects).line


def about_groups(groups: Sequence[Group]) -> list[Subject]:
    """Return what the marks of a probe are about."""
    return [
        Subject(_title([step.id for step in group.steps]), not group.steps[0].keeps_state_in_log)
        for group in groups
    ]


def about_actions(actions: Sequence[Action]) -> list[Subject]:
    """Return what the marks of an apply are about."""
    return [Subject(_title([step.id for step in action.steps])) for action in actions]


def _title(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"
