"""A section of `inv status`, and how sections are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..screen import printable


@dataclass(frozen=True)
class Section:
    """What there is to say of one side of a machine."""

    name: str
    lines: tuple[str, ...]
    """For a person. They may quote a guest: whoever shows them makes them printable."""
    data: object = None
    """The same for `--json`: what `json.dumps` takes."""


def as_text(sections: Sequence[Section]) -> str:
    """Return the sections as a person reads them: a name, and its lines beside it."""
    width = max((len(section.name) for section in sections), default=0)
    rows = []
    for section in sections:
        for number, line in enumerate(section.lines):
            name = "" if number else section.name
            rows.append(f"{name:<{width}}  {printable(line)}".rstrip())
    return "\n".join(rows)


def as_data(machine: str, sections: Sequence[Section]) -> dict[str, object]:
    """Return the sections for `--json`, by name."""
    return {"machine": machine, **{section.name: section.data for section in sections}}
