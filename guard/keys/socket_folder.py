"""The folder of a broker's sockets: held while the broker lives, removed when none holds it.

It may be in a place that many brokers share and that outlives reboots, so what a broker that was
killed left there has to be told from what is in use.
"""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .own_folder import NotOurFolder, own_folder


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make `folder` where there is none, and hold it within the block; then remove it if empty.

    Raises:
        NotOurFolder: somebody else can change what is in it.
    """
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with own_folder(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if not _is_at(folder, descriptor):
                continue  # it was removed before it was held
            try:
                yield
            finally:
                with suppress(OSError):
                    folder.rmdir()
            return


def left_behind(place: Path) -> tuple[Path, ...]:
    """Return the folders in `place` that no broker holds and that have nothing but dead sockets."""
    folders = sorted(place.iterdir()) if place.is_dir() else ()
    return tuple(filter(_is_left, folders))


def remove(folder: Path) -> None:
    """Remove a folder that `left_behind` found, unless a broker holds it by now."""
    with suppress(NotOurFolder, OSError), _unheld(folder) as descriptor:
        if _is_dead(folder, descriptor):
            for name in _names(descriptor):
                os.unlink(name, dir_fd=descriptor)
            folder.rmdir()


def _is_left(folder: Path) -> bool:
    with suppress(NotOurFolder, OSError), _unheld(folder) as descriptor:
        return _is_dead(folder, descriptor)
    return False


@contextmanager
def _unheld(folder: Path) -> Iterator[int]:
    with own_folder(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor


def _is_at(folder: Path, descriptor: int) -> bool:
    try:
        there = folder.lstat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _is_dead(folder: Path, descriptor: int) -> bool:
    return all(_is_dead_socket(folder / name) for name in _names(descriptor))


def _names(descriptor: int) -> list[str]:
    return os.listdir(descriptor)


def _is_dead_socket(path: Path) -> bool:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
