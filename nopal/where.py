"""Where one stands: the folder of a machine that is the folder of this computer one is in.

A mount has the same path inside as outside. Nothing here asks the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .project import Mount

Resolve = Callable[[Path], Path]
"""Follows the links in a path of this computer."""


@dataclass(frozen=True)
class Where:
    """A place in the machine."""

    directory: str
    """Absolute, as the guest knows it."""
    is_same: bool
    """Whether it is the folder that one stands in."""
    below: str = ""
    """What tells it from the other folders: the way from the first mount on, else `directory`."""


def where(cwd: Path, mounts: Sequence[Mount], resolve: Resolve = Path.resolve) -> Where | None:
    """Return where `cwd` is in a machine with these mounts; None where nothing is mounted.

    Outside of every mount it is the nearest sensible place: a mount below `cwd`, else the first.
    """
    if not mounts:
        return None
    here = resolve(cwd)
    holding = _holding(here, mounts, resolve)
    if holding is not None:
        below = here.relative_to(resolve(holding.path))
        parts = () if below == Path() else below.parts
        directory = str(holding.path.joinpath(*parts))
        return Where(directory, True, "/".join(parts) if holding == mounts[0] else directory)
    beneath = (mount for mount in mounts if resolve(mount.path).is_relative_to(here))
    return Where(str(next(beneath, mounts[0]).path), False)


def nearest_holder(
    cwd: Path,
    machines: Iterable[tuple[str, Sequence[Mount]]],
    resolve: Resolve = Path.resolve,
) -> str:
    """Return the machine whose mount around `cwd` is the deepest; "" where none has one."""
    here = resolve(cwd)
    found = [
        (len(resolve(mount.path).parts), name)
        for name, mounts in machines
        if (mount := _holding(here, mounts, resolve)) is not None
    ]
    return max(found, key=lambda one: one[0])[1] if found else ""


def _holding(here: Path, mounts: Sequence[Mount], resolve: Resolve) -> Mount | None:
    around = [mount for mount in mounts if here.is_relative_to(resolve(mount.path))]
    return max(around, key=lambda mount: len(resolve(mount.path).parts), default=None)
