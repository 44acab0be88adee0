"""The host keys of guests, pinned after their first boot, in one known_hosts file.

A guest is pinned under an alias (`nopal-NAME`), since its address and port are not its own. Clients
read and may append to the same file; lines that are not ours stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from guard.errors import GuardError
from guard.public_key import PublicKey, parse_public_key

ALIAS_PREFIX = "nopal-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HASHED_FIELDS = 4


@dataclass(eq=False)
class HostKeyChanged(GuardError):
    """A guest shows another host key than the one that is pinned for it."""

    machine: str
    expected: tuple[str, ...]
    found: str
    file: Path

    def __str__(self) -> str:
        return (
            f"machine `{self.machine}` shows the host key {self.found}, but "
            f"{' or '.join(self.expected)} was pinned at its first boot.\n"
            "Something else may be answering on its port; nothing was sent to it.\n"
            f"If you rebuilt it yourself: `ssh-keygen -R {alias(self.machine)} -f {self.file}`, "
            f"then `inv up -p {self.machine}`."
        )


def alias(machine: str) -> str:
    """Return the name under which a machine's key is pinned (SshAddress.host_key_alias).

    Raises:
        ValueError: the name could not stand in a known_hosts line.
    """
    if not _NAME.fullmatch(machine):
        message = f"no machine can be called {machine!r}"
        raise ValueError(message)
    return ALIAS_PREFIX + machine


@dataclass(frozen=True)
class PinStore:
    """The pins of all machines in one file, mode 0600; absent when nothing is pinned."""

    path: Path

    def read(self, machine: str) -> tuple[PublicKey, ...]:
        """Return the keys that are pinned for `machine`, in the file's order."""
        name = alias(machine)
        keys = []
        for line in self._lines():
            if _is_of(line, name):
                keys.append(parse_public_key(line.partition(" ")[2], where=f"`{self.path}`"))
        return tuple(keys)

    def check(self, machine: str, found: PublicKey) -> bool:
        """Return whether `found` is pinned; False when nothing is pinned yet.

        Raises:
            HostKeyChanged: a key is pinned, and it is another one.
        """
        pinned = self.read(machine)
        if not pinned:
            return False
        if any(found.is_same_key(key) for key in pinned):
            return True
        expected = tuple(key.fingerprint for key in pinned)
        raise HostKeyChanged(machine, expected, found.fingerprint, self.path)

    def add(self, machine: str, *keys: PublicKey) -> None:
        """Pin `keys` too; those that are pinned already stay once."""
        name = alias(machine)
        with self._locked():
            held = {key.blob_base64 for key in self.read(machine)}
            new = dict.fromkeys(key.line for key in keys if key.blob_base64 not in held)
            if new:
                self._write([*self._lines(), *(f"{name} {line}" for line in new)])

    def remove(self, machine: str) -> bool:
        """Forget a machine, hashed lines included; the last one takes the file with it.

        Returns:
            Whether there was anything to forget.
        """
        name = alias(machine)
        backup = self.path.with_name(self.path.name + ".old")
        if not self.path.exists() and not backup.exists():
            return False
        with self._locked():
            # `ssh-keygen -R`, our own advice, leaves the forgotten line in a backup.
            backup.unlink(missing_ok=True)
            lines = self._lines()
            kept = [line for line in lines if not _is_of(line, name)]
            if kept == lines:
                return False
            if kept:
                self._write(kept)
            else:
                self.path.unlink(missing_ok=True)
        return True

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return []

    def _write(self, lines: list[str]) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".known_hosts-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.writelines(f"{line}\n" for line in lines)
            Path(name).replace(self.path)  # mkstemp made it 0600
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The folder is the lock: a lock file would be one more thing that stays behind.
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _is_of(line: str, name: str) -> bool:
    """Whether a known_hosts line is for exactly `name`; OpenSSH may have hashed it there."""
    host = line.split(None, 1)[0] if line.strip() else ""
    if host.startswith("|1|"):
        return _is_hash_of(host, name)
    return host == name


def _is_hash_of(host: str, name: str) -> bool:
    fields = host.split("|")
    if len(fields) != _HASHED_FIELDS:
        return False
    try:
        salt, digest = base64.b64decode(fields[2]), base64.b64decode(fields[3])
    except binascii.Error:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
