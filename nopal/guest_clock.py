"""The clock of a guest, which stands still while its computer sleeps: compared, and set."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provision.look import Premise

from . import guest_look
from .screen import in_words

if TYPE_CHECKING:
    from provision.facts import Facts

TOLERANCE_S = 3.0
"""More than this is no measuring error: certificates, `make` and commits begin to suffer."""


@dataclass
class ClockWatch:
    """Hears a guest's clock by a question that costs no exec, and how far off it is."""

    mend: Callable[[float], None] = lambda _off_s: None
    """Called, before anything is changed in the guest, with how far off the clock is."""
    now: Callable[[], float] = time.time
    off_s: float = 0.0
    """How far ahead of this computer's clock it is; 0 when it is right."""
    _asked: float = field(default=0.0, init=False)

    def premise(self) -> Premise:
        """Return what to ask with; it always holds."""
        self._asked = self.now()
        return Premise((guest_look.CLOCK,), self._hear)

    def _hear(self, _facts: Facts, answers: Mapping[str, str | None]) -> bool:
        shown = guest_look.clock(answers)
        if shown is not None:
            # It was read at some moment between the question and the answer.
            self.off_s = off_by(shown, self._asked, self.now())
        if self.off_s:
            self.mend(self.off_s)
        return True


def off_by(shown: float, asked: float, answered: float) -> float:
    """Return how far a clock that showed `shown` in between is ahead, or 0 when it may be right."""
    if shown > answered + TOLERANCE_S:
        return shown - answered
    if shown < asked - TOLERANCE_S:
        return shown - asked
    return 0.0


def words(off_s: float) -> str:
    """Say how far off a clock is."""
    return f"{in_words(abs(off_s))} {'ahead' if off_s > 0 else 'behind'}"


def set_script(now: float) -> str:
    """Return the shell that sets a guest's clock."""
    return f"sudo -n date --utc --set=@{now:.3f} >/dev/null"
