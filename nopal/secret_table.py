"""Reads `[projects.NAME.secrets]`: which secrets a project gets, and where each is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from guard.secrets import names
from guard.secrets.catalogue import PROVIDERS
from guard.secrets.fetch import Wanted
from guard.secrets.reference import BadReference, parse_reference

from .toml_lines import KeyPath

Place = str | list[str]
"""A reference, or several for the name `*`."""
Table = Mapping[str, Place | Mapping[str, Place]]


@dataclass(frozen=True)
class BadSecret:
    """A line of the table that cannot be right."""

    path: KeyPath
    """Below the table."""
    found: str
    allowed: str


def read_secrets(table: Table) -> Iterator[tuple[KeyPath, Wanted] | BadSecret]:
    """Yield each secret of the table with its place in it, or what is wrong there."""
    for name, value in table.items():
        if not isinstance(value, Mapping):
            yield from _secret((name,), value, "")
        elif _is_folder(name):
            for inner, place in value.items():
                yield from _secret((name, inner), place, name)
        else:
            allowed = "a table for the folder of a repo below ~/code, without `..`"
            yield BadSecret((name,), "a table", allowed)


def _secret(
    path: KeyPath, value: Place, folder: str
) -> Iterator[tuple[KeyPath, Wanted] | BadSecret]:
    name = str(path[-1])
    if isinstance(value, list) and name != names.ALL:
        yield BadSecret(path, "a list", "one reference; several only for the name `*`")
        return
    if name != names.ALL and (why := names.problem(name)):
        yield BadSecret(path, f"the name of a secret, but {why}", "a name such as NPM_TOKEN")
        return
    for text in value if isinstance(value, list) else [value]:
        try:
            reference = parse_reference(text, PROVIDERS)
        except BadReference as error:
            hint = f"; did you mean `{error.nearest}`?" if error.nearest else ""
            yield BadSecret(path, "a text that refers to no secret", error.allowed + hint)
        else:
            yield path, Wanted(name, reference, folder)


def _is_folder(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return (
        name.isprintable()
        and str(PurePosixPath(name)) == name
        and bool(parts)
        and not any(part in ("..", "/") or part[0] in "-~" for part in parts)
    )
