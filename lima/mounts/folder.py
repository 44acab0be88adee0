"""One folder and what is below it: every name is opened from there, through no link.

The machine follows its own links before it asks, so none is followed here, wherever it leads.
Linux only. Raises `OSError` as the kernel does, and `PermissionError` for what is not granted.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .git_guard import holds_guarded, is_guarded
from .wire import Attributes

GUEST = 1000
"""The number of the machine's user and group, whose are the files that are the person's here."""
_NOBODY = 65534
_SAFE_MODE = 0o1777
"""A program that runs with the person's rights, whoever starts it, is not the machine's to make."""


@dataclass(frozen=True)
class Folder:
    """A folder, served as if it were all there is."""

    root: Path
    is_writable: bool = False
    keeps_git: bool = False
    """Whether hooks and configuration of the repos in it stay as they are."""

    def lstat(self, path: bytes) -> Attributes:
        """Say what is there; a link is said to be one."""
        with self._parent(path) as (folder, name):
            return attributes(os.stat(name, dir_fd=folder, follow_symlinks=False))

    def open(self, path: bytes, flags: int, mode: int) -> int:
        """Open a regular file and return its descriptor; others could hang, or be devices."""
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            self._change(path)
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        with self._parent(path) as (folder, name):
            descriptor = os.open(name, flags, mode & _SAFE_MODE, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise PermissionError(errno.EPERM, "not a regular file")
        return descriptor

    def entries(self, path: bytes) -> Iterator[tuple[bytes, Attributes]]:
        """Yield the names in a folder with what they are."""
        with self._parent(path) as (folder, name):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=folder)
        try:
            with os.scandir(descriptor) as found:
                for entry in found:
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # gone since
                    yield os.fsencode(entry.name), attributes(status)
        finally:
            os.close(descriptor)

    def set(self, path: bytes, wanted: Attributes) -> None:
        """Give a file what is wanted of it."""
        self._change(path)
        with self._parent(path) as (folder, name):
            flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=folder)
            try:
                # The very file: its name may come to mean another meanwhile.
                self._set(f"/proc/self/fd/{descriptor}", descriptor, wanted)
            finally:
                os.close(descriptor)

    def set_open(self, descriptor: int, wanted: Attributes) -> None:
        """Give an open file what is wanted of it."""
        if not self.is_writable:
            raise PermissionError(errno.EROFS, "read-only")
        self._set(descriptor, descriptor, wanted)

    def _set(self, file: str | int, descriptor: int, wanted: Attributes) -> None:
        status = os.fstat(descriptor)
        if wanted.owner is not None and wanted.owner != attributes(status).owner:
            raise PermissionError(errno.EPERM, "the owner stays")
        if stat.S_ISLNK(status.st_mode):
            return  # it has a mode and times, and nobody minds them
        if wanted.size is not None:
            if not stat.S_ISREG(status.st_mode):
                raise PermissionError(errno.EPERM, "not a regular file")
            os.truncate(file, wanted.size)
        if wanted.mode is not None:
            os.chmod(file, wanted.mode & _SAFE_MODE)  # noqa: PTH101 - or a descriptor
        # In whole seconds: what is so already keeps its parts of one, which are not the guest's to
        # cut off. Lima's word for "this was changed here" is such a wish.
        if wanted.times is not None and wanted.times[1] != int(status.st_mtime):
            os.utime(file, wanted.times)

    def remove(self, path: bytes) -> None:
        """Remove a file or a link."""
        self._change(path)
        with self._parent(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def make_folder(self, path: bytes, mode: int) -> None:
        """Make a folder."""
        self._change(path)
        with self._parent(path) as (folder, name):
            os.mkdir(name, mode & _SAFE_MODE, dir_fd=folder)

    def remove_folder(self, path: bytes) -> None:
        """Remove an empty folder."""
        self._change(path)
        with self._parent(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)

    def rename(self, path: bytes, new: bytes, *, replaces: bool) -> None:
        """Give a file another name; unless it `replaces`, one that no other has."""
        self._change(path)
        self._change(new)
        with self._parent(path) as (folder, name), self._parent(new) as (other, other_name):
            if self.keeps_git and (self._holds_guarded(path) or self._holds_guarded(new)):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    raise PermissionError(errno.EPERM, "git's folders stay where they are")
            if not replaces and _is_there(other, other_name):
                raise FileExistsError(errno.EEXIST, "there already")
            os.rename(name, other_name, src_dir_fd=folder, dst_dir_fd=other)

    def link(self, path: bytes, new: bytes) -> None:
        """Give a file a second name."""
        self._change(path)  # by another name it could be written
        self._change(new)
        with self._parent(path) as (folder, name), self._parent(new) as (other, other_name):
            os.link(name, other_name, src_dir_fd=folder, dst_dir_fd=other, follow_symlinks=False)

    def symlink(self, target: bytes, path: bytes) -> None:
        """Make a link, wherever it leads: nobody follows it here."""
        self._change(path)
        with self._parent(path) as (folder, name):
            os.symlink(target, name, dir_fd=folder)

    def readlink(self, path: bytes) -> bytes:
        """Return where a link leads."""
        with self._parent(path) as (folder, name):
            return os.readlink(name, dir_fd=folder)

    def full_path(self, path: bytes) -> bytes:
        """Return the path as the machine is to name it. Nothing is looked at."""
        return b"/".join((os.fsencode(self.root).rstrip(b"/"), *self._names(path))) or b"/"

    def space(self) -> os.statvfs_result:
        """Return how full the file system is."""
        return os.statvfs(self._root)

    @cached_property
    def _root(self) -> int:
        """The folder itself, once and for all: what its name leads to may change."""
        return os.open(self.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def _change(self, path: bytes) -> None:
        """Refuse to change what must stay."""
        if not self.is_writable:
            raise PermissionError(errno.EROFS, "read-only")
        if self.keeps_git and is_guarded(self._names(path)):
            raise PermissionError(errno.EPERM, "git's hooks and configuration stay as they are")

    def _holds_guarded(self, path: bytes) -> bool:
        return holds_guarded(self._names(path))

    def _names(self, path: bytes) -> list[bytes]:
        """Return the names on the way from the root to `path`."""
        root = os.fsencode(self.root)
        if path.startswith(b"/"):
            if path != root and not path.startswith(root.rstrip(b"/") + b"/"):
                raise PermissionError(errno.EACCES, "outside of the folder")
            path = path[len(root) :]
        names = [name for name in path.split(b"/") if name not in (b"", b".")]
        if b".." in names:
            raise PermissionError(errno.EACCES, "outside of the folder")
        return names

    @contextmanager
    def _parent(self, path: bytes) -> Iterator[tuple[int, bytes]]:
        """Open the folder that holds `path`, and yield it with the last name."""
        *above, name = self._names(path) or [b"."]
        flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        folder = os.dup(self._root)
        try:
            for each in above:
                below = os.open(each, flags | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = below
            yield folder, name
        finally:
            os.close(folder)


def attributes(status: os.stat_result) -> Attributes:
    """Return what the machine is told of a file: what is ours here is its user's there."""
    owner = GUEST if status.st_uid == os.geteuid() else _NOBODY
    group = GUEST if status.st_gid in (os.getegid(), *os.getgroups()) else _NOBODY
    return Attributes(
        size=status.st_size,
        owner=(owner, group),
        mode=status.st_mode,
        times=(int(status.st_atime), int(status.st_mtime)),
    )


def _is_there(folder: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
