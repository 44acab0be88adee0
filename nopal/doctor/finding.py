"""A check, and what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """What a look found."""

    ok: bool
    says: str
    """One line: what is there. It may quote a guest: whoever shows it makes it printable."""
    fix: str = ""
    """The command or the edit that mends it; empty where all is well."""
    mend: Callable[[], object] | None = field(default=None, compare=False)
    """What `--fix` calls, where that can take nothing from anybody; raises as `Check.look` may."""


@dataclass(frozen=True)
class Check:
    """One thing to look at; looking changes nothing and asks nobody."""

    name: str
    look: Callable[[], Finding]
    """May raise an `OSError`, or an error of nopal's rooms: that is then what was found."""


@dataclass(frozen=True)
class Subject:
    """The checks of one thing: of this computer, or of one machine."""

    title: str
    checks: tuple[Check, ...]


def good(says: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(True, says)
