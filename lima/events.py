"""What Lima's host agent writes of a machine, event by event, in `ha.stdout.log`.

The names of the fields are those of Lima's pkg/hostagent/events; the log begins anew at each start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PORT = re.compile(r".*:(\d{1,5})")


@dataclass(frozen=True)
class Forward:
    """A port of the guest that Lima means to bring to a port of this host."""

    proto: str
    guest: int
    host: int


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


def forwards(told: Iterable[Mapping[str, object]]) -> tuple[Forward, ...]:
    """Return the ports that are to be forwarded after all events of `told`.

    Lima says so before it tries: another program may have the host's port.
    """
    found: dict[Forward, None] = {}
    for status in told:
        event = status.get("portForward")
        if not isinstance(event, dict):
            continue
        guest, host = (_port(event.get(side)) for side in ("guestAddr", "hostAddr"))
        proto = event.get("protocol")
        if not guest or not host or not isinstance(proto, str):
            continue
        forward = Forward(proto, guest, host)
        if event.get("type") == "forwarding":
            found[forward] = None
        elif event.get("type") in {"stopping", "failed"}:
            found.pop(forward, None)
    return tuple(found)


def _port(address: object) -> int:
    match = _PORT.fullmatch(address) if isinstance(address, str) else None
    return int(match[1]) if match else 0
