"""One thing that this host needs before machines can run on it."""

from __future__ import annotations

from typing import Protocol

from lima.process import OnLine


class Requirement(Protocol):
    """Something that is there, or can be got."""

    @property
    def name(self) -> str:
        """What it is, in a few words."""

    @property
    def why(self) -> str:
        """What it is needed for."""

    @property
    def command(self) -> str:
        """The command that gets it, to be shown before it is done."""

    def is_met(self) -> bool:
        """Whether it is there. Quick; changes nothing."""

    def install(self, on_line: OnLine) -> None:
        """Get it. Raises `SetupFailed` or another `LimaError`."""
