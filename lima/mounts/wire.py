"""Messages of SFTP version 3 (draft-ietf-secsh-filexfer-02): bytes in and out. Pure.

OpenSSH's PROTOCOL says what its extensions are, and that it swapped the paths of SYMLINK.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

VERSION = 3
LONGEST_MESSAGE = 512 * 1024
"""More than any client sends: it writes at most 256 KiB at once."""


class Kind(IntEnum):
    """What a message is."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Status(IntEnum):
    """How a request ended."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


_SIZE, _OWNER, _MODE, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000


class MalformedMessage(Exception):
    """The client sent bytes that are no message."""


@dataclass(frozen=True)
class Attributes:
    """What is said of a file, or asked for it; None for what is left alone."""

    size: int | None = None
    owner: tuple[int, int] | None = None
    """Numbers of its user and group."""
    mode: int | None = None
    times: tuple[int, int] | None = None
    """Of its last reading and writing, in seconds."""

    def __bytes__(self) -> bytes:
        flags = (
            _SIZE * (self.size is not None)
            | _OWNER * (self.owner is not None)
            | _MODE * (self.mode is not None)
            | _TIMES * (self.times is not None)
        )
        fields = [u32(flags)]
        if self.size is not None:
            fields.append(u64(self.size))
        fields += [u32(number) for number in self.owner or ()]
        if self.mode is not None:
            fields.append(u32(self.mode))
        fields += [u32(max(0, min(second, 2**32 - 1))) for second in self.times or ()]
        return b"".join(fields)


@dataclass
class Reader:
    """Takes fields off the front of a message. Each method raises MalformedMessage."""

    data: bytes

    def u32(self) -> int:
        """Take a number of 32 bits."""
        return int.from_bytes(self._take(4), "big")

    def u64(self) -> int:
        """Take a number of 64 bits."""
        return int.from_bytes(self._take(8), "big")

    def string(self) -> bytes:
        """Take a string."""
        return self._take(self.u32())

    def path(self) -> bytes:
        """Take a path."""
        path = self.string()
        if b"\0" in path:
            raise MalformedMessage("a path with a zero byte")
        return path

    def attributes(self) -> Attributes:
        """Take the attributes of a file."""
        flags = self.u32()
        found = Attributes(
            size=self.u64() if flags & _SIZE else None,
            owner=(self.u32(), self.u32()) if flags & _OWNER else None,
            mode=self.u32() if flags & _MODE else None,
            times=(self.u32(), self.u32()) if flags & _TIMES else None,
        )
        for _ in range(self.u32() if flags & _EXTENDED else 0):
            self.string(), self.string()
        return found

    def _take(self, count: int) -> bytes:
        if len(self.data) < count:
            raise MalformedMessage("a message that is cut short")
        taken, self.data = self.data[:count], self.data[count:]
        return taken


def u32(number: int) -> bytes:
    """Return a number of 32 bits."""
    return struct.pack(">I", number)


def u64(number: int) -> bytes:
    """Return a number of 64 bits."""
    return struct.pack(">Q", number)


def string(text: bytes) -> bytes:
    """Return a string with its length before it."""
    return u32(len(text)) + text


def framed(kind: Kind, *fields: bytes) -> bytes:
    """Return a whole message."""
    return string(bytes((kind,)) + b"".join(fields))
