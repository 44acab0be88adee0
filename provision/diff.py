"""Unified diffs of text, as a plan shows them. Pure."""

from __future__ import annotations

import difflib
import re

# Not splitlines, which takes more than a newline for the end of a line.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def unified(path: str, old: str | None, new: str, *, context: int = 3) -> str:
    """Return how `path` goes from `old` to `new`; None means that there is no file yet."""
    before = "/dev/null" if old is None else path
    lines = difflib.unified_diff(
        _LINE.findall(old or ""), _LINE.findall(new), before, path, n=context
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def is_text(text: str) -> bool:
    """Whether a terminal can show `text` without being told to do anything else."""
    return all(character.isprintable() or character in "\n\t\r" for character in text)
