"""Reading log files that grow, begin anew, and may not be trusted in length or kind."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

_MOST_AT_ONCE = 1 << 20
"""Bytes that are read at one time, from the end: nobody reads more of a log on a terminal."""
_LONGEST_LINE = 1 << 16


@dataclass
class LogFile:
    """One log file, read line by line as it grows."""

    path: Path
    _handle: int | None = None
    _rest: bytes = b""
    """The beginning of a line that is not whole yet."""
    _has_begun: bool = field(default=False, init=False)

    def new(self) -> list[str]:
        """Return the whole lines written since the last call; the first one tells what there is.

        When another file took its place, its lines come after those of the old one.

        Raises:
            OSError: it may not be read, or is no regular file.
        """
        lines: list[str] = []
        if self._handle is not None:
            lines += self._read(self._handle)
            if not self._is_current(self._handle):
                self.close()
        if self._handle is None:
            self._handle = _open(self.path)
            if self._handle is not None:
                self._skip(self._handle)
                lines += self._read(self._handle)
        self._has_begun = True
        return lines

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self._rest = None, b""

    def _is_current(self, handle: int) -> bool:
        ours = os.fstat(handle)
        try:
            there = self.path.lstat()
        except FileNotFoundError:
            return True  # it may come back; until then there is only this one
        is_same = (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
        return is_same and ours.st_size >= os.lseek(handle, 0, os.SEEK_CUR)

    def _skip(self, handle: int) -> None:
        """Leave out the front of a long file that one has come late to."""
        size = os.fstat(handle).st_size
        if not self._has_begun and size > _MOST_AT_ONCE:
            os.lseek(handle, size - _MOST_AT_ONCE, os.SEEK_SET)

    def _read(self, handle: int) -> list[str]:
        data = self._rest + os.read(handle, _MOST_AT_ONCE)
        *whole, self._rest = data.split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            whole.append(self._rest)
            self._rest = b""
        return [line.decode("utf-8", "replace") for line in whole]


def _open(path: Path) -> int | None:
    """Open a regular file for reading, through no link; None where there is none.

    The folder belongs to whoever runs machines, and it may be root who reads: a link, or a pipe,
    that was put there must not lead elsewhere.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(path.name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is no regular file")
    return handle
