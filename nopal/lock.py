"""A lock between processes that can be removed with what it guards.

Libraries keep the file for ever, since removing it opens a gap: one process would hold the removed
file, the next a new one. Here whoever gets the lock looks whether its file is still the one there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at `path`; where another process has it, call `on_wait` and wait for it.

    An error that `on_wait` raises ends the waiting before it begins. The holder may remove the
    file. The system gives the lock back when a process ends in any way.
    """
    handle = _acquire(path, on_wait)
    try:
        yield
    finally:
        os.close(handle)


def _acquire(path: Path, on_wait: Callable[[], None]) -> int:
    has_told = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not has_told:
                    on_wait()
                    has_told = True
                fcntl.flock(handle, fcntl.LOCK_EX)
        except BaseException:
            os.close(handle)
            raise
        if _is_at(path, handle):
            return handle
        os.close(handle)


def _is_at(path: Path, handle: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(handle)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
