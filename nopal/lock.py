"""A lock between processes that can be removed with what it guards.

Libraries keep the file for ever, since removing it opens a gap: one process would hold the removed
file, the next a new one. Here whoever gets the lock looks whether its file is still the one there.
The file says who holds the lock, for those who wait; only the lock itself counts.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

_LONGEST = 4096


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock: a process, the verb that it does, and since when (seconds since 1970)."""

    pid: int
    verb: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        since = time.strftime("%H:%M:%S", time.localtime(self.since))
        what = f"`inv {self.verb}`" if self.verb else "another nopal command"
        return f"{what} (pid {self.pid}, since {since})"


@dataclass(eq=False)
class Busy(Exception):
    """Somebody else has the lock, and the command was not to wait."""

    what: str
    holder: Holder | None

    exit_status = 1

    def __str__(self) -> str:
        who = self.holder or "another nopal command"
        return f"{self.what} is in use by {who}\nwithout `--no-wait` this command waits for it"


@dataclass(frozen=True)
class Command:
    """The command of this process: the verb it does, and whether it waits for other commands."""

    verb: str = ""
    waits: bool = True

    def told(self, what: str, say: Callable[[str], None]) -> Callable[[Holder | None], None]:
        """Return what `locked` calls when `what` is in use: it says so, or raises `Busy`."""

        def on_wait(holder: Holder | None) -> None:
            if not self.waits:
                raise Busy(what, holder)
            say(f"{what} is in use, waiting for {holder or 'another nopal command'}")

        return on_wait


PATIENT = Command()
"""A command without a name, which waits."""


@contextmanager
def locked(path: Path, on_wait: Callable[[Holder | None], None], verb: str = "") -> Iterator[None]:
    """Hold the lock at `path`, as doing `verb`; where another process has it, wait for it.

    `on_wait` is called before that with whoever has it, as far as that is known; an error that it
    raises ends the waiting before it begins. The holder may remove the file. The system gives the
    lock back when a process ends in any way.
    """
    handle = _acquire(path, on_wait)
    try:
        _sign(handle, Holder(os.getpid(), verb, time.time()))
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock at `path`; no file is made where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def holder(path: Path) -> Holder | None:
    """Return who last said to hold the lock at `path`; None when that cannot be told."""
    try:
        return msgspec.json.decode(path.read_bytes()[:_LONGEST], type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _sign(handle: int, us: Holder) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, msgspec.json.encode(us), 0)
    except OSError:
        # A full disk: the lock holds all the same, and who waits is told less.
        return


def _acquire(path: Path, on_wait: Callable[[Holder | None], None]) -> int:
    has_told = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not has_told:
                    on_wait(holder(path))
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
