"""What `inv secrets` shows: names, sources and places, never values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from guard.secrets import names

from .checkpoint_list import age
from .columns import in_columns
from .secret_delivery import PLACE

if TYPE_CHECKING:
    from guard.secrets.fetch import Wanted

    from .project_secrets import Difference
    from .secret_notes import SecretNote


@dataclass(frozen=True)
class Row:
    """One secret."""

    name: str
    source: str
    folder: str
    """The repo that alone gets it, or ""."""
    is_there: bool
    """Whether it is in the machine's memory."""

    @property
    def place(self) -> str:
        """Where the machine has it."""
        return f"{PLACE}/repos/{self.folder}" if self.folder else PLACE

    @property
    def shells(self) -> str:
        """Which shells get it, in words."""
        return f"~/code/{self.folder}" if self.folder else "every shell"


def rows(wanted: Sequence[Wanted], note: SecretNote | None) -> Iterator[Row]:
    """Yield a row for each secret; `note` is what is in the machine now, None for nothing.

    A whole place is a row, and so is each name that came with it.
    """
    given: Mapping[str, tuple[str, ...]] = note.names if note else {}
    own = {(one.folder, one.name) for one in wanted}
    for one in wanted:
        there = given.get(one.folder, ())
        is_all = one.name == names.ALL
        is_there = bool(there) if is_all else one.name in there
        yield Row(one.name, str(one.reference), one.folder, is_there)
    for folder, there in given.items():
        places = [str(one.reference) for one in wanted if (one.folder, one.name) == (folder, "*")]
        for name in there:
            if (folder, name) not in own:
                yield Row(name, ", ".join(places) or "no longer wanted", folder, is_there=True)


def as_text(table: Sequence[Row], note: SecretNote | None, now: int) -> str:
    """Return the rows for a person, in columns."""
    if not table:
        return "the project has no secrets"
    since = f"in memory for {age(now - note.since)}" if note else ""
    cells = [("NAME", "SOURCE", "FOR", "STATE")]
    cells += [
        (row.name, row.source, row.shells, since if row.is_there else "not in the machine")
        for row in table
    ]
    return in_columns(cells)


def as_data(table: Sequence[Row], note: SecretNote | None) -> list[dict[str, object]]:
    """Return the rows for `--json`."""
    since = datetime.fromtimestamp(note.since, timezone.utc).isoformat() if note else None
    return [
        {
            "name": row.name,
            "source": row.source,
            "repo": row.folder or None,
            "place": row.place,
            "in_machine": row.is_there,
            "since": since if row.is_there else None,
        }
        for row in table
    ]


def differences_as_text(found: Sequence[Difference]) -> str:
    """Return one line for each difference: `~ NAME`, and the repo behind it."""
    return "\n".join(
        f"{one.sign} {one.name}" + (f"  (~/code/{one.folder})" if one.folder else "")
        for one in found
    )


def differences_as_data(found: Sequence[Difference]) -> list[dict[str, object]]:
    """Return the same for `--json`."""
    words = {"+": "missing", "-": "not wanted", "~": "other value"}
    return [
        {"name": one.name, "repo": one.folder or None, "difference": words[one.sign]}
        for one in found
    ]
