"""Who else on this computer can read or change what nopal keeps."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from .finding import Check, Finding, good

_CHANGED_BY_OTHERS = 0o022
_READ_BY_OTHERS = 0o077
_SHOWN = 3


def permission_checks(
    private: Iterable[Path], settings: Iterable[Path], written: Iterable[tuple[str, Path]]
) -> tuple[Check, ...]:
    """Return the checks of files and folders, of which some need not be there.

    `private` nobody else may read, `settings` nobody else may change, and into each of the
    `written`, by its name, whoever runs nopal must be able to write.
    """
    return (
        Check("private files", partial(_modes, tuple(private), _READ_BY_OTHERS, "read")),
        Check("settings", partial(_modes, tuple(settings), _CHANGED_BY_OTHERS, "changed")),
        *(Check(name, partial(_can_write, path)) for name, path in written),
    )


def _modes(paths: tuple[Path, ...], forbidden: int, verb: str) -> Finding:
    found = [(path, mode) for path in paths if (mode := _mode(path)) is not None]
    wrong = [(path, mode) for path, mode in found if mode & forbidden]
    if not wrong:
        return good(f"{len(found)} looked at; nobody else can have them {verb}")
    names = " ".join(shlex.quote(str(path)) for path, _mode in wrong)
    bits = "go-rwx" if forbidden == _READ_BY_OTHERS else "go-w"
    shown = ", ".join(str(path) for path, _mode in wrong[:_SHOWN])
    more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""

    def mend() -> None:
        for path, mode in wrong:
            path.chmod(stat.S_IMODE(mode) & ~forbidden)

    return Finding(False, f"others may have {verb}: {shown}{more}", f"chmod {bits} {names}", mend)


def _mode(path: Path) -> int | None:
    """Return the mode of what the path leads to; None where nothing is."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _can_write(path: Path) -> Finding:
    nearest = path
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.exists():
        return Finding(False, f"{nearest} leads nowhere", f"mount what {nearest} leads to")
    if os.statvfs(nearest).f_flag & os.ST_RDONLY:
        return Finding(False, f"{nearest} is on a read-only file system", f"remount {nearest}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        fix = f"sudo chown -R $USER {shlex.quote(str(nearest))}"
        return Finding(False, f"you cannot write to {nearest}", fix)
    return good(f"{path} can be written")
