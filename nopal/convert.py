"""A machine for one project, or for a folder of code: its table in the person's file. Pure.

Nothing is removed anywhere: the machine keeps its disk, this computer its folders.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ProjectError
from .project import Project

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

_SHARED_ONLY = ("mode", "mounts", "watch")


@dataclass(eq=False)
class ConvertByHand(ProjectError):
    """The file is written in a way that could not be edited safely."""

    file: Path
    project: str
    wanted: str

    def __str__(self) -> str:
        return (
            f"{self.file} is written in a way that nopal does not edit\n"
            f"  change [projects.{self.project}] by hand: {self.wanted}"
        )


def converted(text: str, file: Path, name: str, wanted: Mapping[str, object]) -> str:
    """Return `text` in which the project's table has `wanted`, and of `mode` and mounts no more.

    Raises:
        ConvertByHand: what came out is not what was wanted.
    """
    import tomlkit  # noqa: PLC0415 - only an edit needs it
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        document: Any = tomlkit.parse(text)
        projects = document.setdefault("projects", tomlkit.table(is_super_table=True))
        _change(projects.setdefault(name, tomlkit.table()), wanted)
        edited = tomlkit.dumps(document)
        found = tomllib.loads(edited)
    except (TOMLKitError, ValueError, TypeError, AttributeError) as error:
        raise _by_hand(file, name, wanted) from error
    tables = copy.deepcopy(tomllib.loads(text))
    _change(tables.setdefault("projects", {}).setdefault(name, {}), wanted)
    if found != tables:
        raise _by_hand(file, name, wanted)
    return edited


def to_shared(project: Project, folder: Path, place: str) -> dict[str, object]:
    """Return what the table of a machine for `folder` holds, which a file writes as `place`."""
    mounts = [str(one) for one in project.mounts]
    if folder not in {one.path for one in project.mounts}:
        mounts.insert(0, f"{place}:rw")
    return {"mode": "shared", "mounts": mounts, "watch": "events"}


def explained(project: Project, folder: Path | None) -> Iterator[str]:
    """Yield a line for each thing that changes, and for what stays.

    `folder` is what the machine is to be for; None stands for one project.
    """
    name = project.name
    if folder is not None:
        if folder not in {one.path for one in project.mounts}:
            yield f"the machine gets {folder}, to read and to change"
        yield "in that folder it is the machine that is meant, without -p, whatever repos there say"
        if project.keys.while_ != "never":
            yield (
                "it may use no key and signs no commit, unless"
                f" [projects.{name}.keys] or `signing` stand in your file"
            )
        for repo in project.repos:
            yield f"its clone of {repo.url} stays in ~/code, and its work with it"
        if project.repos:
            yield f"to bring a clone along: inv cp -p {name} :~/code/… …"
    else:
        for mount in project.mounts:
            yield f"the machine loses {mount.path}, which stays as it is on this computer"
        yield "it may use keys as every project's machine does, to sign and for its own repos"
        yield f"folders of its own (nmlocal) stay on its disk, unused: inv nmstatus -p {name}"
        if not project.repos:
            yield f"it has no repo of its own yet: inv add URL -p {name}"
    yield "its disk stays as it is: home, ~/code, what is installed, logins and conversations"
    yield f"what runs in it ends when it boots anew: inv up --restart -p {name}"


def _change(table: Any, wanted: Mapping[str, object]) -> None:
    for key in _SHARED_ONLY:
        if key in wanted:
            table[key] = wanted[key]
        elif key in table:
            del table[key]


def _by_hand(file: Path, name: str, wanted: Mapping[str, object]) -> ConvertByHand:
    from .new_file import toml  # noqa: PLC0415

    keys = (f"{key} = {toml(value)}" for key, value in wanted.items())
    return ConvertByHand(file, name, ", ".join(keys) or f"without {', '.join(_SHARED_ONLY)}")
