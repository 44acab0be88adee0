"""Keys of the projects' own: a deploy key or a signing key that only the broker holds.

A key does what it was made for and nothing else. Ed25519 alone. At rest a private half is in the
system's keyring where there is a real one (`vault.py`), else in a file of mode 0600.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guard.wire import string

from .control import OwnKey, Purpose
from .exposed import AgentKey
from .kept import write_private
from .places import Places
from .protocol import SessionBind, SignRequest
from .upstream import Upstream, UpstreamFailed
from .vault import Vault

_KIND = b"ssh-ed25519"


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key's file; `seed` is empty where the keyring has it."""

    line: str
    at_rest: Literal["keyring", "file"]
    seed: str = ""

    @property
    def blob(self) -> bytes:
        """The public half, as agents name it."""
        return base64.b64decode(self.line.split(" ")[1])


@dataclass
class OwnKeys:
    """The keys of all projects."""

    places: Places
    vault: Vault
    _seeds: dict[bytes, str] = field(default_factory=dict)
    _files: dict[tuple[str, Purpose], Stored | None] = field(default_factory=dict)
    """As they are on disk, where nobody else writes them."""

    def of(self, project: str) -> tuple[AgentKey, ...]:
        """Return a project's own keys."""
        keys = []
        for purpose in get_args(Purpose):
            if (stored := self._stored(project, purpose)) is not None:
                comment = stored.line.split(" ", 2)[2].encode()
                keys.append(AgentKey(stored.blob, comment, purpose))
        return tuple(keys)

    async def make(self, project: str, purpose: Purpose, *, anew: bool) -> OwnKey:
        """Return the project's key for `purpose`, making it where there is none, or `anew`.

        Raises:
            OSError: it could not be kept.
        """
        stored = self._stored(project, purpose)
        if stored is None or anew:
            if stored is not None:
                self._seeds.pop(stored.blob, None)
            stored = await self._make(project, purpose)
        return OwnKey(stored.line, AgentKey(stored.blob).fingerprint, stored.at_rest)

    async def drop(self, project: str) -> None:
        """Forget a project's keys, here and in the keyring."""
        for purpose in get_args(Purpose):
            stored = self._stored(project, purpose)
            if stored is not None:
                self._seeds.pop(stored.blob, None)
                if stored.at_rest == "keyring":
                    await asyncio.to_thread(self.vault.remove, _name(project, purpose))
                self.places.own_key(project, purpose).unlink(missing_ok=True)
                self._files.pop((project, purpose), None)

    async def sign(self, project: str, key: AgentKey, data: bytes) -> bytes:
        """Return a signature in SSH's format.

        Raises:
            UpstreamFailed: the private half cannot be had.
        """
        if key.purpose == "any":
            raise UpstreamFailed("it is no key of the project's own")
        stored = self._stored(project, key.purpose)
        if stored is None or stored.blob != key.blob:
            raise UpstreamFailed("the project's own key is gone")
        seed = self._seeds.get(key.blob) or stored.seed
        if not seed:
            found = await asyncio.to_thread(self.vault.get, _name(project, key.purpose))
            if not found:
                raise UpstreamFailed("the keyring does not give the project's own key")
            seed = self._seeds[key.blob] = found
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
        return string(_KIND) + string(private.sign(data))

    async def _make(self, project: str, purpose: Purpose) -> Stored:
        private = Ed25519PrivateKey.generate()
        seed = base64.b64encode(private.private_bytes_raw()).decode()
        blob = string(_KIND) + string(private.public_key().public_bytes_raw())
        line = f"{_KIND.decode()} {base64.b64encode(blob).decode()} nopal-{project}-{purpose}"
        is_vaulted = await asyncio.to_thread(self.vault.put, _name(project, purpose), seed)
        stored = Stored(line, "keyring") if is_vaulted else Stored(line, "file", seed)
        write_private(self.places.own_key(project, purpose), msgspec.json.encode(stored))
        self._files[project, purpose] = stored
        return stored

    def _stored(self, project: str, purpose: Purpose) -> Stored | None:
        what = (project, purpose)
        if what not in self._files:
            self._files[what] = _read(self.places.own_key(project, purpose))
        return self._files[what]


def _read(path: Path) -> Stored | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stored)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _name(project: str, purpose: Purpose) -> str:
    return f"{project}/{purpose}"


@dataclass
class OwnAndUpstream:
    """A project's own keys before those of the person's agent, as one agent."""

    project: str
    own: OwnKeys
    upstream: Upstream | None

    async def keys(self) -> tuple[AgentKey, ...]:
        """Return both; a person's agent that fails does not hide the project's own keys."""
        own = self.own.of(self.project)
        if self.upstream is None:
            return own
        try:
            return (*own, *await self.upstream.keys())
        except UpstreamFailed:
            if not own:
                raise
            return own

    async def sign(self, request: SignRequest) -> bytes | None:
        """Have it signed by whoever holds the key."""
        for key in self.own.of(self.project):
            if key.blob == request.key:
                return await self.own.sign(self.project, key, request.data)
        if self.upstream is None:
            raise UpstreamFailed("there is none")
        return await self.upstream.sign(request)

    async def bind(self, bind: SessionBind) -> None:
        """Pass it on to the person's agent."""
        if self.upstream is not None:
            await self.upstream.bind(bind)

    async def close(self) -> None:
        """End the connection to the person's agent."""
        if self.upstream is not None:
            await self.upstream.close()
