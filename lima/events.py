"""What Lima's host agent writes of a machine, event by event, in `ha.stdout.log`.

The names of the fields are those of Lima's pkg/hostagent/events; the log begins anew at each start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path


def statuses(folder: Path) -> Iterator[Mapping[str, object]]:
    """Yield the status in each event of the machine in `folder`; none where there is no log."""
    try:
        text = (folder / "ha.stdout.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        status = status_of(line)
        if status is not None:
            yield status


def status_of(line: str) -> Mapping[str, object] | None:
    """Return the status in one line of the log; None for any other line."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None  # the last line may be half written
    status = event.get("status") if isinstance(event, dict) else None
    return status if isinstance(status, dict) else None
