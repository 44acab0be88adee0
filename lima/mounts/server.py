"""An SFTP server of one folder, in place of OpenSSH's `sftp-server`, for machines that mount it.

Lima starts one for each mount. A guest need not be what it seems: its root can put anything in the
place of sshfs, and OpenSSH's server would then open every file of the person's for it. This one
knows its folder only. It stands alone, with Python's own library: it may run as another user, who
cannot read nopal's files.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, SupportsBytes

from .folder import Folder, attributes
from .wire import (
    LONGEST_MESSAGE,
    VERSION,
    Attributes,
    Kind,
    MalformedMessage,
    Reader,
    Status,
    framed,
    string,
    u32,
    u64,
)

GIT_VARIABLE = "NOPAL_KEEPS_GIT"
"""In it are the folders whose repos keep their hooks and configuration, joined by colons."""
_MOST_READ = 256 * 1024
_MOST_NAMES = 100
_EXTENSIONS = {
    b"posix-rename@openssh.com": b"1",
    b"statvfs@openssh.com": b"2",
    b"hardlink@openssh.com": b"1",
    b"fsync@openssh.com": b"1",
}
_READ, _WRITE, _APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 1, 2, 4, 8, 16, 32
_STATUS = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EBADF), Status.NO_SUCH_FILE),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Status.PERMISSION_DENIED),
    **dict.fromkeys((errno.EINVAL, errno.ENAMETOOLONG), Status.BAD_MESSAGE),
    **dict.fromkeys((errno.ENOSYS, errno.EOPNOTSUPP), Status.OP_UNSUPPORTED),
}

Entries = Iterator[tuple[bytes, Attributes]]
Fields = tuple[SupportsBytes, ...]
"""What follows the kind of an answer and the number of its request."""
Answer = tuple[Kind, Fields]


@dataclass
class Server:
    """Answers requests for one folder."""

    folder: Folder
    handles: dict[bytes, int | Entries] = field(default_factory=dict)
    """Descriptors of open files, and the names of folders that are being read."""
    count: int = 0

    def answer(self, message: bytes) -> bytes:
        """Return the answer to a message. Raises MalformedMessage: it is none."""
        reader = Reader(message[1:])
        asked = message[0] if message else 0
        if asked == Kind.INIT:
            extensions = (string(name) + string(at) for name, at in _EXTENSIONS.items())
            return framed(Kind.VERSION, u32(VERSION), *extensions)
        request = reader.u32()
        answering = _ANSWERS.get(asked, _unknown)
        try:
            kind, fields = answering(self, reader)
        except OSError as error:
            kind, fields = _status(_STATUS.get(error.errno or 0, Status.FAILURE))
        return framed(kind, u32(request), *map(bytes, fields))

    def open(self, reader: Reader) -> Answer:
        """Open a file."""
        path, wanted, mode = reader.path(), reader.u32(), reader.attributes().mode
        flags = {_READ: os.O_RDONLY, _WRITE: os.O_WRONLY, _READ | _WRITE: os.O_RDWR}.get(
            wanted & (_READ | _WRITE), os.O_RDONLY
        )
        for bit, flag in (
            (_APPEND, os.O_APPEND),
            (_CREATE, os.O_CREAT),
            (_TRUNCATE, os.O_TRUNC),
            (_EXCLUSIVE, os.O_EXCL),
        ):
            flags |= flag if wanted & bit else 0
        return self._kept(self.folder.open(path, flags, 0o666 if mode is None else mode))

    def opendir(self, reader: Reader) -> Answer:
        """Begin to read a folder."""
        return self._kept(iter(list(self.folder.entries(reader.path()))))

    def close(self, reader: Reader) -> Answer:
        """Forget a handle."""
        found = self.handles.pop(reader.string(), None)
        if isinstance(found, int):
            os.close(found)
        return _status(Status.NO_SUCH_FILE if found is None else Status.OK)

    def read(self, reader: Reader) -> Answer:
        """Read from an open file."""
        descriptor, offset, most = self._file(reader), reader.u64(), reader.u32()
        data = os.pread(descriptor, min(most, _MOST_READ), offset)
        return (Kind.DATA, (string(data),)) if data or not most else _status(Status.EOF)

    def write(self, reader: Reader) -> Answer:
        """Write to an open file."""
        descriptor, offset, data = self._file(reader), reader.u64(), reader.string()
        while data:
            written = os.pwrite(descriptor, data, offset)
            data, offset = data[written:], offset + written
        return _status(Status.OK)

    def readdir(self, reader: Reader) -> Answer:
        """Return some more names of a folder."""
        found = self.handles.get(reader.string())
        if found is None or isinstance(found, int):
            return _status(Status.NO_SUCH_FILE)
        names = list(islice(found, _MOST_NAMES))
        if not names:
            return _status(Status.EOF)
        entries = (string(name) + string(name) + bytes(about) for name, about in names)
        return Kind.NAME, (u32(len(names)), *entries)

    def lstat(self, reader: Reader) -> Answer:
        """Say what a file is. No link is followed, for STAT neither."""
        return Kind.ATTRS, (self.folder.lstat(reader.path()),)

    def fstat(self, reader: Reader) -> Answer:
        """Say what an open file is."""
        return Kind.ATTRS, (attributes(os.fstat(self._file(reader))),)

    def setstat(self, reader: Reader) -> Answer:
        """Change what a file is."""
        self.folder.set(reader.path(), reader.attributes())
        return _status(Status.OK)

    def fsetstat(self, reader: Reader) -> Answer:
        """Change what an open file is."""
        self.folder.set_open(self._file(reader), reader.attributes())
        return _status(Status.OK)

    def remove(self, reader: Reader) -> Answer:
        """Remove a file."""
        self.folder.remove(reader.path())
        return _status(Status.OK)

    def mkdir(self, reader: Reader) -> Answer:
        """Make a folder."""
        path, mode = reader.path(), reader.attributes().mode
        self.folder.make_folder(path, 0o777 if mode is None else mode)
        return _status(Status.OK)

    def rmdir(self, reader: Reader) -> Answer:
        """Remove an empty folder."""
        self.folder.remove_folder(reader.path())
        return _status(Status.OK)

    def realpath(self, reader: Reader) -> Answer:
        """Say what a path is called."""
        path = self.folder.full_path(reader.path())
        return _one_name(path)

    def rename(self, reader: Reader) -> Answer:
        """Rename a file to a name that is free."""
        self.folder.rename(reader.path(), reader.path(), replaces=False)
        return _status(Status.OK)

    def readlink(self, reader: Reader) -> Answer:
        """Say where a link leads."""
        return _one_name(self.folder.readlink(reader.path()))

    def symlink(self, reader: Reader) -> Answer:
        """Make a link."""
        self.folder.symlink(reader.path(), reader.path())
        return _status(Status.OK)

    def extended(self, reader: Reader) -> Answer:
        """Do what is not in the draft."""
        match reader.string():
            case b"posix-rename@openssh.com":
                self.folder.rename(reader.path(), reader.path(), replaces=True)
            case b"hardlink@openssh.com":
                self.folder.link(reader.path(), reader.path())
            case b"fsync@openssh.com":
                os.fsync(self._file(reader))
            case b"statvfs@openssh.com":
                return Kind.EXTENDED_REPLY, tuple(map(u64, _space(self.folder.space())))
            case _:
                return _status(Status.OP_UNSUPPORTED)
        return _status(Status.OK)

    def _kept(self, found: int | Entries) -> Answer:
        self.count += 1
        handle = u64(self.count)
        self.handles[handle] = found
        return Kind.HANDLE, (string(handle),)

    def _file(self, reader: Reader) -> int:
        found = self.handles.get(reader.string())
        if not isinstance(found, int):
            raise OSError(errno.EBADF, "no open file")
        return found


def _status(code: Status) -> Answer:
    return Kind.STATUS, (u32(code), string(code.name.encode()), string(b""))


def _one_name(path: bytes) -> Answer:
    return Kind.NAME, (u32(1), string(path), string(path), bytes(Attributes()))


def _unknown(_server: Server, _reader: Reader) -> Answer:
    return _status(Status.OP_UNSUPPORTED)


def _space(found: os.statvfs_result) -> Sequence[int]:
    """Return the fields in the order of OpenSSH's extension."""
    blocks = (found.f_bsize, found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail)
    files = (found.f_files, found.f_ffree, found.f_favail)
    return (*blocks, *files, 0, 0, found.f_namemax)


_ANSWERS: Mapping[int, Callable[[Server, Reader], Answer]] = {
    Kind.OPEN: Server.open,
    Kind.CLOSE: Server.close,
    Kind.READ: Server.read,
    Kind.WRITE: Server.write,
    Kind.LSTAT: Server.lstat,
    Kind.STAT: Server.lstat,
    Kind.FSTAT: Server.fstat,
    Kind.SETSTAT: Server.setstat,
    Kind.FSETSTAT: Server.fsetstat,
    Kind.OPENDIR: Server.opendir,
    Kind.READDIR: Server.readdir,
    Kind.REMOVE: Server.remove,
    Kind.MKDIR: Server.mkdir,
    Kind.RMDIR: Server.rmdir,
    Kind.REALPATH: Server.realpath,
    Kind.RENAME: Server.rename,
    Kind.READLINK: Server.readlink,
    Kind.SYMLINK: Server.symlink,
    Kind.EXTENDED: Server.extended,
}


def serve(server: Server, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until nobody asks. Raises MalformedMessage."""
    while head := source.read(4):
        length = int.from_bytes(head, "big")
        if len(head) < 4 or not 0 < length <= LONGEST_MESSAGE:  # noqa: PLR2004 - as read
            raise MalformedMessage("no length of a message")
        message = source.read(length)
        if len(message) < length:
            raise MalformedMessage("the end within a message")
        sink.write(server.answer(message))
        sink.flush()


def folder_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Folder:
    """Return what to serve, from the words that Lima says: `-e -d FOLDER [-R]`.

    Raises:
        ValueError: they are others.
    """
    words = [word for word in arguments if word not in ("-e", "-R")]
    if len(words) != 2 or words[0] != "-d":  # noqa: PLR2004 - the flag and the folder
        message = f"expected -d FOLDER, not {words}"
        raise ValueError(message)
    root = words[1].replace("%%", "%")
    return Folder(
        Path(root),
        is_writable="-R" not in arguments,
        keeps_git=root in environ.get(GIT_VARIABLE, "").split(":"),
    )


def main() -> None:
    """Serve the folder on standard input and output."""
    server = Server(folder_of(sys.argv[1:], os.environ))
    server.folder.space()  # opens it now
    try:
        serve(server, sys.stdin.buffer, sys.stdout.buffer)
    except (MalformedMessage, BrokenPipeError) as error:
        sys.exit(f"sftp-server: {error}")
