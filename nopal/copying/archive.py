"""Reads a tar stream of GNU format as hostile input: one member at a time, in bounded memory.

Python's tarfile decodes the headers, one block each. The rest of its reader is left out: it keeps
all members, follows extended headers to any depth and size, and knows forms that are not needed.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Literal

from .errors import NotAsAsked

_BLOCK = tarfile.BLOCKSIZE
_LONGEST_NAME = 16 * 1024
_CHUNK = 256 * 1024

Kind = Literal["file", "folder", "other"]


@dataclass(frozen=True)
class Member:
    """One entry. Its content is read, if at all, before the next entry is asked for."""

    name: str
    kind: Kind
    mode: int
    size: int
    what: str
    """What it is, in words."""
    chunks: Iterator[bytes]
    """The content, `size` bytes in all."""


_WORDS = {
    tarfile.SYMTYPE: "a symbolic link, which may lead anywhere",
    tarfile.LNKTYPE: "a second name of a file that was sent before",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
}
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


def members(stream: IO[bytes]) -> Iterator[Member]:
    """Yield the entries of an archive until its end mark.

    Raises:
        NotAsAsked: it is no such archive, is cut short, or uses a form that was not asked for.
    """
    longer = b""
    while True:
        block = _exactly(stream, _BLOCK)
        if not any(block):
            return
        info = _header(block)
        if info.type in _LONG_NAMES:
            if info.size > _LONGEST_NAME:
                raise NotAsAsked(f"a name of {info.size} bytes")
            text = b"".join(_content(stream, info.size)).rstrip(b"\0")
            longer = text if info.type == tarfile.GNUTYPE_LONGNAME else longer
            continue
        name = longer.decode("utf-8", "surrogateescape") if longer else info.name
        longer = b""
        if info.isdir():
            name = name.removesuffix("/")
        chunks = _content(stream, info.size if info.type in _FILES else 0)
        yield Member(name, _kind(info), info.mode, info.size, _WORDS.get(info.type, ""), chunks)
        for _ in chunks:  # what the reader left
            pass


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise NotAsAsked(f"no header of an archive ({error})") from None
    if info.type not in (*_FILES, *_LONG_NAMES, *_WORDS, tarfile.DIRTYPE):
        raise NotAsAsked(f"an entry of the type {info.type!r}")
    if info.size < 0 or (info.size and info.type in (*_WORDS, tarfile.DIRTYPE)):
        raise NotAsAsked(f"an entry of {info.size} bytes that can have none")
    return info


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.type == tarfile.DIRTYPE:
        return "folder"
    return "file" if info.type in _FILES else "other"


def _content(stream: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = _exactly(stream, min(left, _CHUNK))
        left -= len(chunk)
        yield chunk
    if size % _BLOCK:
        _exactly(stream, _BLOCK - size % _BLOCK)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise NotAsAsked("an archive that ends too early", is_cut_short=True)
        data += more
    return data
