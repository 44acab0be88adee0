"""Builds what clients of an SSH agent send, by asyncssh's encoders and keys instead of ours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache

import asyncssh
from asyncssh.packet import Boolean, Byte, String, UInt32

from guard.keys.exposed import AgentKey
from guard.keys.protocol import SessionBind, SignRequest

FLAGS = {"ssh-rsa": 4}
ALGORITHMS = {"ssh-rsa": b"rsa-sha2-512"}


@dataclass(frozen=True)
class Key:
    """A key pair of a user or of a host."""

    pair: asyncssh.SSHKey = field(repr=False)

    @property
    def blob(self) -> bytes:
        return self.pair.public_data

    @property
    def kind(self) -> str:
        return self.pair.get_algorithm()

    @property
    def algorithm(self) -> bytes:
        return ALGORITHMS.get(self.kind, self.kind.encode())

    @property
    def flags(self) -> int:
        return FLAGS.get(self.kind, 0)

    @property
    def line(self) -> str:
        return self.pair.export_public_key().decode().strip()

    @property
    def agent_key(self) -> AgentKey:
        return AgentKey(self.blob, b"work@laptop")

    def sign(self, data: bytes) -> bytes:
        return self.pair.sign(data, self.algorithm)


@cache
def key(name: str, kind: str = "ssh-ed25519") -> Key:
    """The same key whenever the same name is given, within one run."""
    del name  # only tells one from another
    extra = {"key_size": 2048} if kind == "ssh-rsa" else {}
    return Key(asyncssh.generate_private_key(kind, **extra))


def session_id(name: str, size: int = 32) -> bytes:
    return hashlib.sha512(name.encode()).digest()[:size]


def login(
    session: bytes = session_id("b"),
    user: str | bytes = "git",
    *,
    by: Key | None = None,
    host_key: bytes | None = None,
    number: int = 50,
    service: str = "ssh-connection",
    method: str | None = None,
    has_signature: bool | int = True,
    algorithm: bytes | None = None,
    key_blob: bytes | None = None,
) -> bytes:
    """Return the data that a login signs; whatever is not given is as it should be."""
    by = by or key("user")
    plain = "publickey" if host_key is None else "publickey-hostbound-v00@openssh.com"
    fields = [
        String(session),
        Byte(number),
        String(user),
        String(service),
        String(plain if method is None else method),
        Boolean(has_signature) if isinstance(has_signature, bool) else Byte(has_signature),
        String(by.algorithm if algorithm is None else algorithm),
        String(by.blob if key_blob is None else key_blob),
    ]
    if host_key is not None:
        fields.append(String(host_key))
    return b"".join(fields)


def message(
    namespace: str | bytes = "git",
    *,
    reserved: bytes = b"",
    hash_name: str = "sha512",
    digest: bytes = bytes(64),
) -> bytes:
    """Return the data that an SSH signature signs."""
    fields = (namespace, reserved, hash_name, digest)
    return b"SSHSIG" + b"".join(String(one) for one in fields)


def request(data: bytes, by: Key | None = None, flags: int | None = None) -> SignRequest:
    by = by or key("user")
    return SignRequest(by.blob, data, by.flags if flags is None else flags)


def encoded(one: SignRequest) -> bytes:
    return Byte(13) + String(one.key) + String(one.data) + UInt32(one.flags)


def bind(
    host: Key, session: bytes = session_id("b"), *, is_forwarding: bool = False
) -> SessionBind:
    return SessionBind(host.blob, session, host.sign(session), is_forwarding)


def encoded_bind(one: SessionBind) -> bytes:
    fields = (b"session-bind@openssh.com", one.host_key, one.session_id, one.signature)
    return Byte(27) + b"".join(String(each) for each in fields) + Boolean(one.is_forwarding)
