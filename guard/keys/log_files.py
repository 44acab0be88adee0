"""The files that a log is in: the one that is written, and before it full ones with a number each.

`audit.jsonl` is written; what was full became `audit.000001.jsonl`, the next one 000002 and so on.
Only so many are kept, so that no machine fills the disk by using its keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_NUMBER = re.compile(r"\.([0-9]{6})\.")


@dataclass(frozen=True)
class Bound:
    """How much of a log is kept."""

    file_bytes: int = 16 * 1024 * 1024
    """A file that has so many gets no more lines."""
    parts: int = 15
    """How many full files stay beside the one that is written."""


BOUND = Bound()


def parts_of(log: Path) -> tuple[Path, ...]:
    """Return the full files, the oldest first."""
    found = log.parent.glob(f"{log.stem}.[0-9][0-9][0-9][0-9][0-9][0-9]{log.suffix}")
    return tuple(sorted(found))


def next_part(log: Path) -> Path:
    """Return the path for the file that is full now."""
    last = max(map(number_of, parts_of(log)), default=0)
    return log.with_name(f"{log.stem}.{last + 1:06d}{log.suffix}")


def surplus(log: Path, bound: Bound) -> tuple[Path, ...]:
    """Return the full files that are too old to stay."""
    parts = parts_of(log)
    return parts[: max(0, len(parts) - bound.parts)]


def number_of(part: Path) -> int:
    """Return a full file's number; 0 for the file that is written."""
    found = _NUMBER.search(part.name)
    return int(found[1]) if found else 0
