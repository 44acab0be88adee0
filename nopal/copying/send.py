"""Packs a file or folder of this computer for a machine.

Links are sent as links and never followed, so that no file from elsewhere goes along.
"""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .tally import Tally


def send(source: Path, name: str, stream: IO[bytes], tally: Tally) -> None:
    """Write an archive of `source`, called `name` in it, to `stream`.

    What cannot be read or is no file, folder or link is left out and named in `tally`.

    Raises:
        OSError: the stream ended, or a file became shorter while it was read.
    """
    with tarfile.open(
        fileobj=stream,
        mode="w|",
        format=tarfile.GNU_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        # The person named it, so a link at the top is followed.
        for path, arcname in _walk(source.resolve(), name, tally):
            info = archive.gettarinfo(path, arcname)
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            if not info.isreg():
                archive.addfile(info)
                continue
            try:
                file = path.open("rb")
            except OSError as error:
                tally.left_out(str(path), str(error.strerror))
                continue
            with file:
                archive.addfile(info, _Counted(file, tally))
            tally.counts_file()
    tally.ends()


def _walk(path: Path, name: str, tally: Tally) -> Iterator[tuple[Path, str]]:
    """Yield what is to be packed, each folder before what is in it."""
    try:
        mode = path.lstat().st_mode
        inside = sorted(each.name for each in path.iterdir()) if stat.S_ISDIR(mode) else []
    except OSError as error:
        tally.left_out(str(path), str(error.strerror))
        return
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        tally.left_out(str(path), "neither a file nor a folder")
        return
    yield path, name
    for entry in inside:
        yield from _walk(path / entry, f"{name}/{entry}", tally)


class _Counted:
    """A file that counts what is read of it."""

    def __init__(self, file: IO[bytes], tally: Tally) -> None:
        self._file = file
        self._tally = tally

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._tally.moves(len(data))
        return data
