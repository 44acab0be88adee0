"""What `inv logins` shows: names, ends and places, never a login itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .columns import in_columns

if TYPE_CHECKING:
    from .logins import Kept

_DAY_S = 24 * 60 * 60
_SOON_DAYS = 30


def ends(expires: int | None, now: float) -> str:
    """Return when a login ends, in words."""
    if expires is None:
        return "end not known"
    day = datetime.fromtimestamp(expires, timezone.utc).date().isoformat()
    days = int((expires - now) // _DAY_S)
    if days < 0:
        return f"ended {day}"
    return f"until {day}" + (f" ({days} days)" if days < _SOON_DAYS else "")


def as_text(kept: Sequence[Kept], projects: Mapping[str, Sequence[str]], now: float) -> str:
    """Return a line for each login; `projects` are those that get it, by its label."""
    if not kept:
        return "no login is kept here; keep one with: inv login claude"
    rows = [("AGENT", "NAME", "KIND", "KEPT IN", "ENDS", "PROJECTS")]
    rows += [
        (
            one.agent,
            one.name,
            one.title,
            one.reference or one.place,
            ends(one.expires, now),
            ", ".join(projects.get(one.label, ())) or "none",
        )
        for one in kept
    ]
    return in_columns(rows)


def as_data(kept: Sequence[Kept], projects: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
    """Return the same for `--json`."""
    return [
        {
            "agent": one.agent,
            "name": one.name,
            "kind": one.title,
            "kept_in": one.place,
            "reference": one.reference or None,
            "since": one.since,
            "expires": one.expires,
            "projects": list(projects.get(one.label, ())),
        }
        for one in kept
    ]
