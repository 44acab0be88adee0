"""Reads the log of decisions through all its files, and proves that each line follows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from .audit import START, Entry, LogBroken, seal
from .log_files import BOUND, Bound, number_of, parts_of

_File = tuple[Path, BinaryIO]


@dataclass
class LogReader:
    """Reads a log from its beginning and, when it is iterated over again, what was added since."""

    path: Path
    bound: Bound = BOUND
    _chain: str = START
    _at: int = 0
    """The inode of the file that was read last."""
    _offset: int = 0
    _lines: int = 0

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in their order, verifying each.

        What is no entry is left out: a crash may have cut a line short. Were it an entry once, the
        next one would not follow.

        Raises:
            LogBroken: at the first line that does not follow from those before it.
        """
        with ExitStack() as stack:
            files = self._files(stack)
            inodes = [_inode(file) for _path, file in files]
            if self._at and self._at not in inodes:
                raise LogBroken(self.path, 1, "follows a file that is gone")
            for path, file in files[inodes.index(self._at) if self._at else 0 :]:
                if _inode(file) != self._at:
                    self._at, self._offset, self._lines = _inode(file), 0, 0
                yield from self._rest(path, file, len(files))

    def _files(self, stack: ExitStack) -> list[_File]:
        """Open all files, the oldest first."""
        # The newest one first: should it be put aside meanwhile, it is there once more, as a part.
        newest = _opened(self.path, stack)
        found = [file for part in parts_of(self.path) for file in _opened(part, stack)]
        known = {_inode(file) for _path, file in newest}
        return [one for one in found if _inode(one[1]) not in known] + newest

    def _rest(self, path: Path, file: BinaryIO, files: int) -> Iterator[Entry]:
        file.seek(self._offset)
        for line in file:
            entry = _entry(line)
            if entry is None and not line.endswith(b"\n"):
                return  # it is being written
            self._offset += len(line)
            self._lines += 1
            if entry is not None:
                yield self._verified(path, entry, files)

    def _verified(self, path: Path, entry: Entry, files: int) -> Entry:
        if self._chain == START and entry.before:
            if number_of(path) <= 1 or files <= self.bound.parts:
                raise LogBroken(path, self._lines, "follows a file that is gone")
            self._chain = entry.before  # what was before it has been removed, by the bound
        claimed, entry.chain = entry.chain, ""
        if claimed != seal(self._chain, entry):
            raise LogBroken(path, self._lines, "does not follow from the one before")
        self._chain = entry.chain = claimed
        return entry


def _opened(path: Path, stack: ExitStack) -> list[_File]:
    try:
        return [(path, stack.enter_context(path.open("rb")))]
    except FileNotFoundError:
        return []  # there is no log yet, or this part was too old to stay


def _inode(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_ino


def _entry(line: bytes) -> Entry | None:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.MsgspecError:
        return None
