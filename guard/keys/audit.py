"""The log of every decision: JSON lines that are only ever added, each sealed with the one before.

A line's `chain` is the SHA-256 of the previous line's chain and of this line without it. Changing,
dropping or inserting a line breaks all that follow. Cutting the end off shows only against the
chain that the running broker knows.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from guard.errors import GuardError

START = "0" * 64
_LAST_BYTES = 64 * 1024
"""A line is far shorter."""


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line."""

    time: str
    """In UTC, ISO 8601."""
    project: str = ""
    connection: int = 0
    key: str = ""
    """Its fingerprint."""
    kind: str = ""
    """`sign`, `login`, `unknown` or, for what happened to the broker itself, `broker`."""
    target: str = ""
    """A namespace, or `user@host`."""
    host_key: str = ""
    verdict: str = ""
    """`signed`, `refused` or `failed`; empty for what is no request."""
    reason: str = ""
    digest: str = ""
    """Of a signed message: the hash's name and the hash in hex."""
    ms: float = 0
    peer: str = ""
    """User and process that connected, as the kernel tells them."""
    repeated: int = 0
    """How many more refusals there were that have no line of their own."""
    chain: str = ""


@dataclass(eq=False)
class LogBroken(GuardError):
    """A line of the log is not as the broker wrote it."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return (
            f"the log of key use `{self.path}` was changed: line {self.line} {self.reason}.\n"
            "What it says from there on proves nothing. Move it away to begin another."
        )


class AuditLog:
    """The log's one writer."""

    def __init__(self, path: Path) -> None:
        """Open or make the log; what a crash left of a last line is closed off by the next."""
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(self._file, 0o600)
        self.chain, self._is_whole = _last_chain(self._file)

    def add(self, entry: Entry) -> None:
        """Write one line. Raises OSError when it cannot be kept."""
        entry.chain = ""
        chain = _seal(self.chain, msgspec.json.encode(entry))
        entry.chain = chain
        line = (b"" if self._is_whole else b"\n") + msgspec.json.encode(entry) + b"\n"
        written = os.write(self._file, line)
        self._is_whole = self._is_whole and not written
        if written != len(line):
            message = "the log could not be written in full"
            raise OSError(message)
        self.chain, self._is_whole = chain, True

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_log(path: Path) -> Iterator[Entry]:
    """Yield the entries in their order, verifying each.

    What is no entry is left out: a crash may have cut a line short. Were it an entry once, the next
    one would not follow.

    Raises:
        LogBroken: at the first line that does not follow from those before it.
    """
    chain = START
    for number, line in enumerate(_lines(path), start=1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.MsgspecError:
            continue
        claimed, entry.chain = entry.chain, ""
        chain = _seal(chain, msgspec.json.encode(entry))
        if claimed != chain:
            raise LogBroken(path, number, "does not follow from the one before")
        entry.chain = claimed
        yield entry


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for line in file:
                if line.strip():
                    yield line.rstrip(b"\n")
    except FileNotFoundError:
        return


def _seal(previous: str, line: bytes) -> str:
    return hashlib.sha256(previous.encode() + line).hexdigest()


def _last_chain(file: int) -> tuple[str, bool]:
    """Return the last whole line's chain, and whether the file ends with a whole line."""
    size = os.fstat(file).st_size
    tail = os.pread(file, _LAST_BYTES, max(0, size - _LAST_BYTES))
    for line in reversed(tail.split(b"\n")):
        try:
            return msgspec.json.decode(line, type=Entry).chain, tail.endswith(b"\n")
        except msgspec.MsgspecError:
            continue
    return START, not tail or tail.endswith(b"\n")
