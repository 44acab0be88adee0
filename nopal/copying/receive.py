"""Writes what a machine sent below one folder of this computer, and nowhere else.

Each name is opened below the folder before it, without following a link, so that neither a name of
the machine's nor a link that lies there leads out. A file is written under another name first and
then takes its own: what stood there, link or file, is replaced, never written through.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .archive import Member, members
from .errors import NoRoom, NoSuchFolder, NotAsAsked, NotWritten
from .names import is_too_deep, why_refused
from .tally import Tally

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ENTRY_COSTS = 4096
_KEPT_FREE = 512 << 20
_OF_SMALL_DISKS = 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Target:
    """Where a copy goes: `name` below `folder`."""

    folder: Path
    name: str

    @classmethod
    def of(cls, dest: str, source_name: Callable[[], str]) -> Target:
        """Read a destination as cp does: into a folder that is there, else under that name.

        Raises:
            NoSuchFolder: there is nothing to copy into.
        """
        path = Path(dest or ".")
        if path.is_dir():
            return cls(path, source_name())
        if dest.endswith("/") or not path.parent.is_dir():
            raise NoSuchFolder(path if dest.endswith("/") else path.parent)
        return cls(path.parent, path.name)


def room_in(folder: Path) -> int:
    """Return the bytes that may be used there, so that some of the disk stays free."""
    disk = os.statvfs(folder)
    kept = min(_KEPT_FREE, disk.f_blocks * disk.f_frsize // _OF_SMALL_DISKS)
    return max(0, disk.f_bavail * disk.f_frsize - kept)


def receive(
    stream: IO[bytes],
    target: Target,
    tally: Tally,
    *,
    file_name: str,
    takes_git: bool = False,
    room: Callable[[Path], int] = room_in,
) -> None:
    """Write an archive of a folder, or of the one file `./file_name`, to `target`.

    What may not be taken is left out and named in `tally`.

    Raises:
        NotAsAsked: it is another archive, or a broken one.
        NotWritten: the target itself cannot be made.
        NoRoom: it would fill the disk.
    """
    with (
        _opened(target.folder, os.O_RDONLY | os.O_DIRECTORY) as folder,
        closing(_Writer(target, folder, tally, room, takes_git=takes_git)) as writer,
    ):
        entries = members(stream)
        first = next(entries, None)
        if first is None or first.name != ("." if first.kind == "folder" else f"./{file_name}"):
            raise NotAsAsked(f"`{first.name}` at the top" if first else "an empty archive")
        writer.take(first, ())
        for member in entries:
            if first.kind != "folder":
                raise NotAsAsked(f"`{member.name}` after a single file")
            writer.take(member, _parts(member.name))
    tally.ends()


def _parts(name: str) -> tuple[str, ...]:
    """Return the path of an entry below the top. Raises NotAsAsked."""
    first, *rest = name.split("/")
    if first != "." or not rest or any(part in {"", ".", ".."} for part in rest):
        raise NotAsAsked(f"`{name}`, which is not below what was asked for")
    return tuple(rest)


@dataclass
class _Writer:
    target: Target
    folder: int
    tally: Tally
    room: Callable[[Path], int]
    takes_git: bool
    _made: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    """Files and folders of this copy, to know them again under another spelling."""
    _open: tuple[tuple[str, ...], int] | None = None
    """The folder that was last written to."""

    def take(self, member: Member, parts: tuple[str, ...]) -> None:
        """Write one entry, or leave it out."""
        why = self._why_not(member, parts)
        if why is None:
            return
        shown = "/".join((self.target.name, *parts))
        if why:
            self.tally.left_out(shown, why)
            return
        if self.room(self.target.folder) < member.size + _ENTRY_COSTS:
            raise NoRoom(self.target.folder, member.size, self.room(self.target.folder))
        try:
            if member.kind == "folder":
                self._make_folder(parts, member.mode)
            else:
                self._write_file(parts, member)
        except OSError as error:
            if error.errno in _FULL:
                raise NoRoom(self.target.folder, member.size, 0) from error
            if not parts:
                path = self.target.folder / self.target.name
                raise NotWritten(path, _in_words(error)) from error
            self.tally.left_out(shown, _in_words(error))

    def close(self) -> None:
        """Let go of what is open."""
        if self._open is not None:
            os.close(self._open[1])
            self._open = None

    def _why_not(self, member: Member, parts: tuple[str, ...]) -> str | None:
        """Return why an entry is left out; "" where it is not, None where its folder was."""
        reasons = [why_refused(part, takes_git=self.takes_git) for part in parts]
        if is_too_deep(parts):
            reasons[-1] = "it is too deep inside folders"
        if any(reasons[:-1]):
            return None
        return (reasons[-1] if reasons else "") or member.what

    def _make_folder(self, parts: tuple[str, ...], mode: int) -> None:
        parent, name = self._parent(parts)
        try:
            os.mkdir(name, mode & 0o777 | 0o700, dir_fd=parent)
        except FileExistsError:
            self._refuse_other_spelling(parent, name, parts)
        with _opened(name, _FOLDER, dir_fd=parent) as made:
            self._remember(os.fstat(made), parts)

    def _write_file(self, parts: tuple[str, ...], member: Member) -> None:
        parent, name = self._parent(parts)
        self._refuse_other_spelling(parent, name, parts)
        passing = f".nopal-{secrets.token_hex(8)}"
        descriptor = os.open(passing, _NEW_FILE, member.mode & 0o777 | 0o600, dir_fd=parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in member.chunks:
                    file.write(chunk)
                    self.tally.moves(len(chunk))
            os.rename(passing, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            os.unlink(passing, dir_fd=parent)
            raise
        self._remember(os.stat(name, dir_fd=parent, follow_symlinks=False), parts)
        self.tally.counts_file()

    def _parent(self, parts: tuple[str, ...]) -> tuple[int, str]:
        """Return the open folder of an entry, and the entry's name in it."""
        if not parts:
            return self.folder, self.target.name
        above = parts[:-1]
        if self._open is None or self._open[0] != above:
            self.close()
            self._open = (above, self._walk((self.target.name, *above)))
        return self._open[1], parts[-1]

    def _walk(self, names: tuple[str, ...]) -> int:
        here = os.open(names[0], _FOLDER, dir_fd=self.folder)
        for name in names[1:]:
            above = here
            try:
                here = os.open(name, _FOLDER, dir_fd=above)
            finally:
                os.close(above)
        return here

    def _remember(self, status: os.stat_result, parts: tuple[str, ...]) -> None:
        self._made[status.st_dev, status.st_ino] = parts

    def _refuse_other_spelling(self, parent: int, name: str, parts: tuple[str, ...]) -> None:
        """Refuse a name that this file system takes for another one of the same copy."""
        try:
            there = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if (there.st_dev, there.st_ino) in self._made:
            words = "the same name came before, perhaps in other letters"
            raise FileExistsError(errno.EEXIST, words, "/".join(parts))


@contextmanager
def _opened(path: Path | str, flags: int, *, dir_fd: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _in_words(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "a link or a file of this computer stands where its folder would be"
    if error.errno == errno.EISDIR:
        return "a folder of that name is here"
    return str(error.strerror)
