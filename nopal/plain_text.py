"""Text of a guest for a person's terminal: its words, and none of its orders to the terminal."""

from __future__ import annotations

import re

from .screen import printable

# ECMA-48: control sequences (colours, cursor), control strings (titles), and short escapes.
_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
)
_LONGEST = 4000


def plain(line: str) -> str:
    """Return one line as it reads, without escape sequences and control characters, cut if long."""
    text = printable(_ESCAPE.sub("", line))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
