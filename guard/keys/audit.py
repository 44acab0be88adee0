"""The log of every decision: JSON lines that are only ever added, each sealed with the one before.

A line's `chain` is the SHA-256 of the previous line's chain and of this line without it. Changing,
dropping or inserting a line breaks all that follow. Cutting the end off shows only against the
chain that the running broker knows. `log_files.py` tells its files; `log_reader.py` reads them.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from guard.errors import GuardError

from .log_files import BOUND, Bound, next_part, parts_of, surplus

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
    before: str = ""
    """In the first line of a file that goes on from another one: the last line's chain there."""
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
            "What it says from there on proves nothing. To begin another, move its files away and\n"
            "end the broker (`kill` the process that `inv keys.status` names)."
        )


class AuditLog:
    """The log's one writer."""

    def __init__(self, path: Path, bound: Bound = BOUND) -> None:
        """Open or make the log; what a crash left of a last line is closed off by the next."""
        self.path, self.bound = path, bound
        self._file = _opened(path)
        self.chain, self._is_whole = _last_chain(self._file)
        self._is_first = self.chain == START
        if self._is_first and (parts := parts_of(path)):
            # The last broker ended when it had just put a full file aside.
            with parts[-1].open("rb") as file:
                self.chain, _ = _last_chain(file.fileno())

    def add(self, entry: Entry) -> None:
        """Write one line. Raises OSError when it cannot be kept."""
        if os.fstat(self._file).st_size >= self.bound.file_bytes:
            self._begin_another()
        entry.before = self.chain if self._is_first and self.chain != START else ""
        entry.chain = ""
        chain = seal(self.chain, entry)
        entry.chain = chain
        line = (b"" if self._is_whole else b"\n") + msgspec.json.encode(entry) + b"\n"
        written = os.write(self._file, line)
        self._is_whole = self._is_whole and not written
        if written != len(line):
            message = "the log could not be written in full"
            raise OSError(message)
        self.chain, self._is_whole, self._is_first = chain, True, False

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _begin_another(self) -> None:
        """Put the full file aside, and remove the oldest of those that are too many."""
        if self.path.exists():
            self.path.rename(next_part(self.path))
        full, self._file = self._file, _opened(self.path)
        os.close(full)
        self._is_whole = self._is_first = True
        for part in surplus(self.path, self.bound):
            part.unlink(missing_ok=True)


def seal(previous: str, entry: Entry) -> str:
    """Return the chain of `entry`, which has none yet, after a line with the chain `previous`."""
    return hashlib.sha256(previous.encode() + msgspec.json.encode(entry)).hexdigest()


def _opened(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(file, 0o600)
    return file


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
