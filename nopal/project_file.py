"""Reads one TOML file, as hostile input: what it holds, and on which line each key stands.

It knows no key by name; what keys mean is in `schema.py`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .errors import Fault, Place, ProjectFaults, UnreadableFile
from .sanity import sanity_faults
from .toml_lines import KeyPath, find_lines, nearest_line

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

MAX_REPO_BYTES = 64 * 1024
"""More than any hand writes."""
MAX_PERSON_BYTES = 1024 * 1024
MAX_DOTS = 500
"""In one line: tomllib takes half a minute for a key of 30,000 parts."""
MAX_DEPTH = 12
"""Tables and arrays inside each other; the deepest known key needs 5."""

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class TomlFile:
    """A file that is valid TOML; nothing in it has been checked against a schema."""

    path: Path
    tables: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[KeyPath, int] = field(default_factory=dict, repr=False)
    faults: tuple[Fault, ...] = ()
    """Text and numbers that no key may have."""

    def place(self, key: KeyPath) -> Place:
        """Return where `key` stands, or the table around it when the key is absent."""
        return Place(self.path, nearest_line(self.lines, key))


def read_toml_file(path: Path, *, follows_links: bool) -> TomlFile | None:
    """Read `path`, or return None when there is no such file.

    A repo's file is read without following a symbolic link, and only when it is the user's own:
    else another user's file in a shared folder such as /tmp would speak for all folders below it.
    Raises ProjectFaults.
    """
    data = read_bytes(path, follows_links=follows_links)
    return None if data is None else parse_toml(path, data)


def parse_toml(path: Path, data: bytes) -> TomlFile:
    """Parse what a file holds. Raises ProjectFaults when it is no TOML."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, "the file is not UTF-8", line=line) from None
    for number, row in enumerate(text.split("\n"), 1):
        if row.count(".") > MAX_DOTS and not row.lstrip().startswith("#"):
            raise _unreadable(path, f"a line with more than {MAX_DOTS} dots", line=number)
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise _unreadable(path, "tables or arrays are nested too deep") from None
    except ValueError as error:  # TOMLDecodeError, and what int() and datetime say of absurd values
        raise _syntax_fault(path, text, error) from None
    if _is_too_deep(tables):
        raise _unreadable(path, f"more than {MAX_DEPTH} tables or arrays inside each other")
    file = TomlFile(path, tables, find_lines(text))
    return replace(file, faults=tuple(sanity_faults(tables, file.place)))


def trusts_owner(owner: int, user: int) -> bool:
    """Tell whether a user lets a file of this owner speak; both are numeric ids.

    Root works on other users' checkouts, as in a container; root's files are the host's own.
    """
    return owner in (user, 0) or user == 0


def read_bytes(path: Path, *, follows_links: bool) -> bytes | None:
    """Return what a file holds, or None when there is none; see `read_toml_file`."""
    # O_NONBLOCK: opening a FIFO must not wait for a writer.
    flags = os.O_NONBLOCK | (0 if follows_links else os.O_NOFOLLOW)
    limit = MAX_PERSON_BYTES if follows_links else MAX_REPO_BYTES

    def opener(name: str, mode: int) -> int:
        return os.open(name, mode | flags)

    try:
        with open(path, "rb", opener=opener) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable(path, "it is no regular file")
            if not follows_links and not trusts_owner(status.st_uid, os.geteuid()):
                raise _unreadable(path, "it belongs to another user of this host")
            data = stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP and not follows_links:
            raise _unreadable(path, "it is a symbolic link, which could lead elsewhere") from None
        raise _unreadable(path, f"can't be read: {error.strerror}") from None
    if len(data) > limit:
        raise _unreadable(path, f"it is longer than {limit // 1024} KiB")
    return data


def _unreadable(
    path: Path, reason: str, *, line: int | None = None, fix: str = ""
) -> ProjectFaults:
    return ProjectFaults((UnreadableFile(Place(path, line), reason, fix),))


def _syntax_fault(path: Path, text: str, error: ValueError) -> ProjectFaults:
    message = str(error)
    found = _TOML_PLACE.search(message)
    if found is None:
        return _unreadable(path, "a number or date is out of range")
    line = int(found[1]) if found[1] else max(1, len(text.splitlines()))
    reason = message[: found.start()]
    return _unreadable(
        path, f"this is not TOML: {reason if reason.isprintable() else ascii(reason)}", line=line
    )


def _is_too_deep(tables: object) -> bool:
    level = [tables]
    for _ in range(MAX_DEPTH + 1):
        level = [child for value in level for child in _children(value)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
