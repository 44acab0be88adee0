"""Whether a folder is this user's alone to change, so that what is in it stays what it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from guard.errors import GuardError

_OTHERS_WRITE = 0o022


@dataclass(eq=False)
class NotOurFolder(GuardError):
    """A folder that somebody else can change."""

    folder: Path
    reason: str

    def __str__(self) -> str:
        return f"`{self.folder}` {self.reason}; no socket is opened in it."


@contextmanager
def own_folder(folder: Path) -> Iterator[int]:
    """Open `folder` until the block ends, for calls that take a `dir_fd`.

    Whoever owns a folder above may swap this one at any time; what is open stays the same.

    Raises:
        NotOurFolder: it is a link, another user's, or others may write to it.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(folder, flags)
    except OSError as error:
        raise NotOurFolder(folder, (error.strerror or str(error)).lower()) from None
    try:
        there = os.fstat(descriptor)
        if there.st_uid != os.geteuid():
            raise NotOurFolder(folder, "belongs to another user")
        if stat.S_IMODE(there.st_mode) & _OTHERS_WRITE:
            raise NotOurFolder(folder, "can be written to by others")
        yield descriptor
    finally:
        os.close(descriptor)
