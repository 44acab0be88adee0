"""Makes the log's line of what became of a request."""

from __future__ import annotations

from datetime import datetime, timezone

from guard.errors import printable

from .audit import Entry
from .machine_connection import Handled
from .peer import Peer
from .signed_data import Message


def log_line(project: str, handled: Handled, number: int, peer: Peer) -> Entry:
    """Return the line for the log."""
    digest = ""
    if isinstance(handled.data, Message):
        digest = f"{handled.data.hash_name}:{handled.data.digest.hex()}"
    return Entry(
        time=now(),
        project=project,
        connection=number,
        key=handled.key,
        kind=handled.decision.kind,
        target=printable(handled.decision.target),
        host_key=handled.decision.host_key,
        verdict=handled.verdict,
        reason=printable(handled.reason),
        digest=digest,
        ms=round(handled.seconds * 1000, 2),
        peer=f"{peer.uid}:{peer.pid}",
    )


def now() -> str:
    """Return the time, in UTC and to the millisecond."""
    return datetime.now(tz=timezone.utc).isoformat(timespec="milliseconds")
