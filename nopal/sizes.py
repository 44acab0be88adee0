"""Sizes in words."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def in_words(count: int) -> str:
    """Return a number of bytes as a person reads it: `2.5 GiB`."""
    size = float(count)
    for unit in _UNITS[:-1]:
        if size < _STEP:
            return f"{size:.1f} {unit}" if unit != "B" else f"{count} B"
        size /= _STEP
    return f"{size:.1f} {_UNITS[-1]}"
