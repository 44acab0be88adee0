"""The file that pins guests' host keys, in OpenSSH's known_hosts format.

Nopal writes plain names; a person's own file may hold hashed ones and patterns too. Marked lines
(authorities, revoked keys) are skipped.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import fnmatch
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import HostKeyChanged, HostKeyUnknown
from ..shell import quote

ENTRY_FIELDS = 3
HASHED = "|1|"


@dataclass(frozen=True)
class HostKey:
    """A server's public key."""

    type: str
    """Such as `ssh-ed25519`."""
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The key as `ssh-keygen -l` and OpenSSH's warnings show it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"SHA256:{digest}"


def pinned(path: Path, alias: str) -> tuple[HostKey, ...]:
    """Return the keys that `path` pins for `alias`; none when there is no such file."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    keys = []
    for line in lines:
        fields = line.split()
        if len(fields) < ENTRY_FIELDS or not _names(fields[0], alias):
            continue
        try:
            keys.append(HostKey(fields[1], base64.b64decode(fields[2], validate=True)))
        except binascii.Error:
            continue
    return tuple(keys)


def _names(patterns: str, alias: str) -> bool:
    """Return whether the first field of a line means `alias`; names have no case."""
    if patterns.startswith(HASHED):
        salt, _, digest = patterns.removeprefix(HASHED).partition("|")
        try:
            key = base64.b64decode(salt, validate=True)
        except binascii.Error:
            return False
        made = hmac.digest(key, alias.lower().encode(), "sha1")
        return base64.b64encode(made).decode() == digest
    if alias in patterns.split(","):
        return True
    # fnmatch would read the brackets of `[host]:port` as a choice of letters.
    names = [name.lower().replace("[", "[[]") for name in patterns.split(",")]
    fits = [fnmatch.fnmatchcase(alias.lower(), name.removeprefix("!")) for name in names]
    is_denied = any(f for f, name in zip(fits, names, strict=True) if name.startswith("!"))
    return any(fits) and not is_denied


def pin(path: Path, alias: str, key: HostKey) -> None:
    """Append `key` for `alias`, so that parallel runs keep each other's lines."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"{alias} {key.type} {base64.b64encode(key.blob).decode()}\n"
    # Who removes a pin replaces the file, under a lock on its folder.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    finally:
        os.close(folder)


def verify(
    path: Path,
    alias: str,
    shown: HostKey,
    address: str,
    *,
    accept_new: bool,
    also: Sequence[Path] = (),
) -> None:
    """Return when `shown` is the key pinned for `alias`, or was just pinned because none was.

    The files of `also` are read as well.

    Raises:
        HostKeyChanged: another key is pinned.
        HostKeyUnknown: none is pinned, and `accept_new` is false.
    """
    keys = tuple(key for file in (path, *also) for key in pinned(file, alias))
    if shown in keys:
        return
    if keys:
        raise changed(path, alias, shown.fingerprint, address)
    if not accept_new:
        raise HostKeyUnknown(address, shown.fingerprint)
    pin(path, alias, shown)


def changed(path: Path, alias: str, found: str, address: str) -> HostKeyChanged:
    """Return the error for a server that shows the key `found` in place of the pinned one."""
    expected = [key.fingerprint for key in pinned(path, alias)] or ["another one"]
    forget = f"ssh-keygen -R {quote(alias)} -f {quote(str(path))}"
    return HostKeyChanged(address, expected[0], found, forget)
