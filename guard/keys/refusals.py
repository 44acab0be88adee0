"""Keeps a machine from pushing others out of the log by being refused all the time.

The first refusals of each minute have lines, and the first of each day; the rest is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LINES_PER_MINUTE = 60
LINES_PER_DAY = 2000
_DAY_S = 24 * 60 * 60


@dataclass
class Refusals:
    """Of one project; `clock` counts seconds."""

    clock: Callable[[], float] = time.monotonic
    _minute: int = -1
    _day: int = -1
    _of_minute: int = 0
    _of_day: int = 0
    _unlogged: int = 0

    def is_worth_a_line(self) -> bool:
        """Count one more refusal, and return whether it gets a line of its own."""
        now = self.clock()
        minute, day = int(now // 60), int(now // _DAY_S)
        if minute != self._minute:
            self._minute, self._of_minute = minute, 0
        if day != self._day:
            self._day, self._of_day = day, 0
        self._of_minute += 1
        if self._of_minute <= LINES_PER_MINUTE and self._of_day < LINES_PER_DAY:
            self._of_day += 1
            return True
        self._unlogged += 1
        return False

    def take_unlogged(self) -> int:
        """Return how many had none since the last line, which is to say so."""
        count, self._unlogged = self._unlogged, 0
        return count
