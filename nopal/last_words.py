"""Keeps the end of what a program says, however much that is."""

from __future__ import annotations

from typing import IO

_KEPT = 2000


def listen(stream: IO[bytes], said: bytearray) -> None:
    """Read `stream` to its end; `said` holds the last 2000 bytes at any time."""
    for line in iter(lambda: stream.readline(_KEPT), b""):
        said.extend(line)
        del said[:-_KEPT]
