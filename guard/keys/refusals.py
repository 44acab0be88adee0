"""Keeps a machine from filling the disk by being refused: the first of each minute have lines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LINES_PER_MINUTE = 60


@dataclass
class Refusals:
    """Of one project; `clock` counts seconds."""

    clock: Callable[[], float] = time.monotonic
    _minute: int = -1
    _lines: int = 0
    _unlogged: int = 0

    def is_worth_a_line(self) -> bool:
        """Count one more refusal, and return whether it gets a line of its own."""
        minute = int(self.clock() // 60)
        if minute != self._minute:
            self._minute, self._lines = minute, 0
        self._lines += 1
        if self._lines <= LINES_PER_MINUTE:
            return True
        self._unlogged += 1
        return False

    def take_unlogged(self) -> int:
        """Return how many had none since the last line, which is to say so."""
        count, self._unlogged = self._unlogged, 0
        return count
