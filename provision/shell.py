"""Quoting: the one way any text gets into a script for a guest."""

from __future__ import annotations

import shlex


def quote(text: str) -> str:
    """Return `text` as one word of POSIX shell, whatever it holds.

    Raises:
        ValueError: `text` holds a NUL, which no shell word can carry.
    """
    if "\0" in text:
        message = f"a NUL cannot be part of a shell word: {text!r}"
        raise ValueError(message)
    return shlex.quote(text)


def join(words: tuple[str, ...] | list[str]) -> str:
    """Return `words` as one shell command line, each of them quoted."""
    return " ".join(quote(word) for word in words)


def quote_path(path: str) -> str:
    """Return `path` as one shell word in which a leading `~/` means the user's home."""
    if path.startswith("~/"):
        return '"$HOME"/' + quote(path[2:])
    return quote(path)
