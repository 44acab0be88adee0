"""The order of Debian's version numbers, as deb-version(7) defines it."""

from __future__ import annotations

import re
from itertools import zip_longest


def is_at_least(version: str, wanted: str) -> bool:
    """Whether `version` is not older than `wanted`."""
    return _key(version) >= _key(wanted)


_Part = tuple[tuple[int, ...], int]


class _Parts(list[_Part]):
    """Upstream version or revision: text and number in turn, comparable in Debian's order."""

    def __lt__(self, other: list[_Part]) -> bool:
        for mine, theirs in zip_longest(self, other, fillvalue=((_END,), 0)):
            if mine != theirs:
                return mine < theirs
        return False


# `~` sorts before the end of a part, the end before letters, letters before all else.
_TILDE, _END, _OTHER = -1, 0, 1000


def _key(version: str) -> tuple[int, _Parts, _Parts]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return int(epoch or "0"), _parts(upstream), _parts(revision)


def _parts(text: str) -> _Parts:
    pairs = re.findall(r"(\D*)(\d*)", text)
    return _Parts(((*map(_weight, letters), _END), int(digits or 0)) for letters, digits in pairs)


def _weight(letter: str) -> int:
    if letter == "~":
        return _TILDE
    return ord(letter) if letter.isalpha() else ord(letter) + _OTHER
