"""What steps that install a program at a version have in common: `latest`, and its refreshing."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from ..step import Change, Step

LATEST = "latest"


@dataclass(frozen=True)
class Program(Step):
    """A program at an exact version, at any (`version` is empty), or at `latest`.

    `latest` installs the newest where there is none, and leaves alone what is there. Only a step
    that `moves` brings it to the newest; it installs nothing that is absent.
    """

    moves: bool = field(default=False, kw_only=True)
    """Whether the registry is asked for a newer version, which no probe could see."""

    @property
    @abstractmethod
    def wanted(self) -> str:
        """The version that is asked for."""

    @abstractmethod
    def installed(self, state: str) -> str:
        """Return the installed version that `state` tells of, or nothing."""

    @property
    def is_latest(self) -> bool:
        """Whether the version is one that moves."""
        return self.wanted == LATEST

    def is_enough(self, found: str) -> bool:
        """Return whether the installed version is the wanted one."""
        return bool(found) and self.wanted in {"", LATEST, found}

    def refresh(self, state: str, script: str) -> Change | None:
        """Return the change of a step that moves: `script` brings what is there to the newest."""
        found = self.installed(state)
        if not found:
            return None
        summary = f"bring {self.name} to its newest version, from {found}"
        return Change(summary, script, is_provable=False)
