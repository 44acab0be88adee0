"""The base of what can go wrong with a person's keys, identity and repositories."""

from __future__ import annotations

import unicodedata

MAX_SHOWN = 200


class GuardError(Exception):
    """Base of all errors of this room; each prints as what, where and the fix, in three lines."""


def printable(text: str, limit: int = MAX_SHOWN) -> str:
    """Return `text` on one line, without control characters, cut at `limit`.

    What a server or a file says must not move the cursor or hide a line.
    """
    shown = text
    if not text.isprintable():
        shown = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
