"""Refuses text and numbers that no key of a project file may have, whatever the key. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from .errors import Fault, Place, WrongValue
from .toml_lines import KeyPath, dotted

PlaceOf = Callable[[KeyPath], Place]

_INTEGER_BITS = 63
# Letters that turn the direction of writing make a line look like another one ("trojan source").
_TURNS_DIRECTION = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def sanity_faults(tables: Mapping[str, object], place: PlaceOf) -> Iterator[Fault]:
    """Yield a fault for each control character and each huge number, in keys too."""
    for path, value in _walk(tables, ()):
        key = path[-1]
        if isinstance(key, str) and any(map(_is_control, key)):
            yield _control_fault(place, path, key)
        # An option's text may have several lines: it becomes a file, never part of a command line.
        allowed = "\n\t" if _is_option(path) else ""
        if isinstance(value, str) and any(map(_is_control, value.translate(_without(allowed)))):
            yield _control_fault(place, path, value)
        # TOML's integers have 64 bits; Python reads larger ones and then can't print them.
        if isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
            yield WrongValue(place(path), dotted(path), "a huge number", "at most 64 bits")


def _control_fault(place: PlaceOf, path: KeyPath, text: str) -> Fault:
    found = f"{text[:40]!a}, with control characters"
    allowed = "text of one line without control characters"
    return WrongValue(place(path), dotted(path), found, allowed)


def _without(letters: str) -> dict[int, None]:
    return dict.fromkeys(map(ord, letters))


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" or letter in _TURNS_DIRECTION


def _is_option(path: KeyPath) -> bool:
    """Tell whether a path is below `options`, which stands in each table of the person's file."""
    depth = {"defaults": 1, "projects": 2}.get(str(path[0]), 0)
    return path[depth : depth + 1] == ("options",)


def _walk(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    """Yield everything inside tables and arrays, with the path to it."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, child in items:
        yield (*path, key), child
        yield from _walk(child, (*path, key))
