"""One look into a machine that several checks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..guest_look import Answers


@dataclass(frozen=True)
class Told:
    """What a guest told, and when."""

    answers: Answers
    asked: float
    """By this computer's clock, in seconds since 1970."""
    answered: float


@dataclass
class Visit:
    """A look that is taken when a check first needs it, and anew after something was mended."""

    take: Callable[[], Told]
    _told: Told | None = None

    def told(self) -> Told:
        """Return what the guest told. Raises whatever `take` raises."""
        if self._told is None:
            self._told = self.take()
        return self._told

    def then_anew(self, mend: Callable[[], object]) -> Callable[[], None]:
        """Return `mend`, after which the next check looks again."""

        def mended() -> None:
            mend()
            self._told = None

        return mended
