"""How often a machine did what, and which questions its person said yes to."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from .policy import Rate

Counted = Literal["sign", "login", "ask", "request"]
Answered = tuple[str, str, str]
"""What a yes is for: a key's fingerprint, the kind of request and its target."""


def seconds() -> float:
    """Return the time of a clock that goes on while the computer sleeps, and is never set."""
    # Python's own stands still meanwhile: a yes of yesterday would hold for some minutes more.
    clock = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC
    return time.clock_gettime(clock)


@dataclass
class Limits:
    """Of one project. `clock` counts seconds and never goes back."""

    clock: Callable[[], float]
    _times: dict[Counted, deque[float]] = field(default_factory=dict)
    _yes: dict[Answered, float] = field(default_factory=dict)

    def take(self, counted: Counted, rate: Rate) -> bool:
        """Count one more, unless that would be more than `rate`; return whether it was counted."""
        now = self.clock()
        times = self._times.setdefault(counted, deque())
        while times and times[0] <= now - rate.per_s:
            times.popleft()
        if len(times) >= rate.count:
            return False
        times.append(now)
        return True

    def remember(self, what: Answered, seconds: float) -> None:
        """Keep a yes for so long."""
        now = self.clock()
        self._yes = {one: until for one, until in self._yes.items() if until > now}
        self._yes[what] = now + seconds

    def forget(self) -> None:
        """Keep no yes any longer."""
        self._yes.clear()

    def remembers(self, what: Answered) -> bool:
        """Whether there was a yes to this that still holds."""
        return self._yes.get(what, 0) > self.clock()
