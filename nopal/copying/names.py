"""Which names a machine may give to files of this computer. Pure."""

from __future__ import annotations

import unicodedata

_LONGEST = 255
"""Bytes that file systems take for a name."""
_DEEPEST = 200
"""Folders inside each other."""
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Control and format characters (which turn text around or are not seen), halves of characters."""


def why_refused(name: str, *, takes_git: bool) -> str:
    """Return why a single name is not taken; "" where it is."""
    if any(unicodedata.category(one) in _HIDDEN for one in name):
        return "its name holds a character that cannot be seen, or is no UTF-8"
    if name.startswith("-"):
        return "its name begins with a dash, which programs read as an option"
    if "\\" in name:
        return "its name holds a backslash"
    if len(name.encode()) > _LONGEST:
        return "its name is too long"
    if name.casefold() == ".git" and not takes_git:
        return "git would run what its settings name; `nopal fetch` brings commits, --git takes it"
    return ""


def is_too_deep(parts: tuple[str, ...]) -> bool:
    """Return whether a path has more parts than anybody made by hand."""
    return len(parts) > _DEEPEST
