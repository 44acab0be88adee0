"""The rows of `inv checkpoints`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from .checkpoint_notes import Checkpoint
from .columns import in_columns
from .sizes import in_words

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def as_data(table: Sequence[Checkpoint], now: int) -> list[dict[str, object]]:
    """Return the rows for `--json`."""
    return [
        {
            "name": one.name,
            "made": datetime.fromtimestamp(one.made, timezone.utc).isoformat(),
            "age_s": max(0, now - one.made),
            "holds": _holds(one),
            "memory_bytes": one.memory_bytes,
            "goes_by_itself": one.is_unnamed,
        }
        for one in table
    ]


def as_text(table: Sequence[Checkpoint], now: int) -> str:
    """Return the rows for a person, in columns."""
    if not table:
        return "there is no checkpoint"
    cells = [("NAME", "AGE", "HOLDS", "MEMORY")]
    cells += [
        (
            one.name,
            age(now - one.made),
            _holds(one),
            in_words(one.memory_bytes) if one.is_live else "-",
        )
        for one in table
    ]
    return in_columns(cells)


def age(seconds: int) -> str:
    """Return a span of time in its largest unit: `3 h`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"


def _holds(checkpoint: Checkpoint) -> str:
    return "disk and memory" if checkpoint.is_live else "disk"
