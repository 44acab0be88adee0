"""Compares what profiles pin with what registries offer, and words the outcome. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from profiles.pin import Pin

from .columns import in_columns

_STABLE = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,4})")
LATEST = "latest"


@dataclass(frozen=True)
class Release:
    """The newest version that a registry knows, and the checksums of its artefacts."""

    version: str
    checksums: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 in hex by machine; only of a version that is newer, and where they are published."""


@dataclass(frozen=True)
class NotKnown:
    """There is no answer, and why."""

    reason: str


@dataclass(frozen=True)
class Row:
    """One pin of a profile, beside the newest version."""

    profile: str
    pin: Pin
    newest: Release | NotKnown
    chosen: str = ""
    """The version that the project's own option names; empty when there is none."""

    @property
    def in_use(self) -> str:
        """The version that the project's machine gets."""
        return self.chosen or self.pin.version

    @property
    def is_behind(self) -> bool:
        """Whether there is a newer version than the one in use."""
        return isinstance(self.newest, Release) and is_newer(self.newest.version, self.in_use)


def newest_stable(versions: Iterable[str], line: str = "") -> str:
    """Return the newest of `versions` that is no preview and begins with `line`; "" for none.

    The versions are somebody's answer: what is not made of numbers and dots does not count.
    """
    stable = [found[1] for text in versions if (found := _STABLE.fullmatch(text))]
    return max((text for text in stable if text.startswith(line)), key=_numbers, default="")


def is_newer(version: str, than: str) -> bool:
    """Return whether `version` comes after `than`; what has no numbers is never behind."""
    new, old = _STABLE.fullmatch(version), re.match(_STABLE, than)
    return new is not None and old is not None and _numbers(new[1]) > _numbers(old[1])


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def as_text(rows: Sequence[Row], machine: str) -> str:
    """Return a table, and below it the TOML that takes what is newer on `machine`."""
    head = ("PROFILE", "PROGRAM", "PINNED", "OPTION", "NEWEST")
    cells = [head] + [
        (row.profile, row.pin.program, row.pin.version, row.chosen or "-", _newest(row))
        for row in rows
    ]
    table = in_columns(cells)
    return "\n\n".join([table, *filter(None, [toml(rows, machine)])])


def _newest(row: Row) -> str:
    if isinstance(row.newest, NotKnown):
        return row.newest.reason
    return f"{row.newest.version} (newer)" if row.is_behind else row.newest.version


def as_data(rows: Sequence[Row], machine: str) -> list[dict[str, object]]:
    """Return the rows for `--json`."""
    return [
        {
            "profile": row.profile,
            "program": row.pin.program,
            "registry": row.pin.registry,
            "package": row.pin.package,
            "pinned": row.pin.version,
            "in_use": row.in_use,
            "is_overridden": bool(row.chosen),
            "newest": row.newest.version if isinstance(row.newest, Release) else None,
            "why_not": row.newest.reason if isinstance(row.newest, NotKnown) else "",
            "is_behind": row.is_behind,
            "checksums": dict(row.newest.checksums) if isinstance(row.newest, Release) else {},
            "toml": toml([row], machine),
        }
        for row in rows
    ]


def toml(rows: Sequence[Row], machine: str) -> str:
    """Return what to write into a project file in order to have what is newer; or nothing."""
    tables: dict[str, list[str]] = {}
    for row in rows:
        if row.is_behind and row.pin.option and isinstance(row.newest, Release):
            tables.setdefault(row.profile, []).extend(_keys(row.pin, row.newest, machine))
    return "\n\n".join(
        "\n".join([f"[options.{profile}]", *keys]) for profile, keys in tables.items()
    )


def _keys(pin: Pin, release: Release, machine: str) -> list[str]:
    lines = [f"{pin.option} = {json.dumps(release.version)}"]
    if not pin.artefacts:
        return lines
    if machine in release.checksums:
        digest = json.dumps(release.checksums[machine])
        return [*lines, f"{pin.sha256_option} = {digest} # for {machine}"]
    url = pin.url(machine, release.version) if machine in pin.artefacts else machine
    return [*lines, f"# {pin.sha256_option} could not be had; it is that of {url}"]
