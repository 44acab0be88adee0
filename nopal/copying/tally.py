"""Counts what a copy moved and what it left out, and tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..screen import printable
from ..sizes import in_words

_SHOWN = 20
_EVERY_S = 0.2


@dataclass
class Tally:
    """One copy, so far."""

    tell: Callable[[str], None] = lambda _text: None
    """Takes the latest state in words."""
    clock: Callable[[], float] = time.monotonic
    files: int = 0
    size: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)
    """The first of those that were left out, with the reason."""
    missing: int = 0
    """How many were left out."""
    _told_at: float = 0.0

    def moves(self, count: int) -> None:
        """Count bytes of a file."""
        self.size += count
        if self.clock() - self._told_at >= _EVERY_S:
            self._told_at = self.clock()
            self.tell(self.summary)

    def counts_file(self) -> None:
        """Count a file that is complete."""
        self.files += 1

    def left_out(self, path: str, why: str) -> None:
        """Note what is not copied."""
        self.missing += 1
        if len(self.named) < _SHOWN:
            self.named.append((path, why))

    def ends(self) -> None:
        """Tell the last state."""
        self.tell(self.summary)

    @property
    def summary(self) -> str:
        """How much there is, in words."""
        return f"{self.files} file{'' if self.files == 1 else 's'}, {in_words(self.size)}"

    @property
    def lines(self) -> tuple[str, ...]:
        """What was left out, in words, for a person."""
        told = [f"left out {printable(path)}: {why}" for path, why in self.named]
        if self.missing > len(self.named):
            told.append(f"left out {self.missing - len(self.named)} more")
        return tuple(told)
