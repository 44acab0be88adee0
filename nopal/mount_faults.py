"""Whether a folder can be mounted: it is there, and whoever runs machines may enter it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lima.process import identity, run

if TYPE_CHECKING:
    from .project import Mount

_ENTER = '[ -r "$1" ] && [ -x "$1" ]'
_CHANGE = f'{_ENTER} && [ -w "$1" ]'


def holder(index: int, mounts: Sequence[Mount]) -> Mount | None:
    """Return another mount, which a machine can change, that holds the one at `index`.

    The machine could put a link in its place, and be served what that leads to.
    """
    here = mounts[index].path.resolve()
    around = (one for at, one in enumerate(mounts) if at != index and one.is_writable)
    return next((one for one in around if here.is_relative_to(one.path.resolve())), None)


def fault(mount: Mount, user: str | None) -> tuple[str, str]:
    """Return what is wrong with the folder of `mount` and what would be right; "" for nothing.

    `user` is who runs machines; None means ourselves.
    """
    # Lima would make it, empty.
    if not mount.path.is_dir():
        return f"`{mount.path}`, where no folder is", "folders that are there"
    person = identity(user)
    if person is None:
        return "", ""  # not set up yet: who it will be, nobody knows
    script = _CHANGE if mount.is_writable else _ENTER
    words = ("sh", "-c", script, "sh", str(mount.path))
    if run(words, environment={"PATH": "/usr/bin:/bin"}, directory=Path("/"), run_as=person).status:
        verb = "change" if mount.is_writable else "enter"
        found = f"`{mount.path}`, which {user or 'you'} may not {verb}"
        if user is None:
            return found, "folders that you may use"
        return found, f"folders of {user}'s, who runs the machines of root: chown -R {user} …"
    return "", ""
