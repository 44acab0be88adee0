"""Says what the data of a sign request is: a login, a signed message, or something unknown.

Formats: RFC 4252 section 7, OpenSSH's PROTOCOL (host-bound user authentication) and
PROTOCOL.sshsig. Pure and strict: what is not exactly one of these is `Unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass

from guard.errors import printable
from guard.public_key import SIGNING_KINDS
from guard.wire import MalformedMessage, Reader

from .protocol import SSH_AGENT_RSA_SHA2_256, SSH_AGENT_RSA_SHA2_512, SignRequest

SSH_MSG_USERAUTH_REQUEST = 50
SESSION_ID_BYTES = (20, 32, 48, 64)
"""Of the hashes that key exchanges use. A login is never over anything of another size."""

_PLAIN = b"publickey"
_HOST_BOUND = b"publickey-hostbound-v00@openssh.com"
_SSHSIG = b"SSHSIG"
_HASH_BYTES = {b"sha256": 32, b"sha512": 64}
_RSA = {SSH_AGENT_RSA_SHA2_256: b"rsa-sha2-256", SSH_AGENT_RSA_SHA2_512: b"rsa-sha2-512"}


@dataclass(frozen=True)
class Login:
    """Proof of a user's identity, for one session with one server."""

    session_id: bytes
    user: str
    host_key: bytes | None = None
    """Of the server, where the client bound the proof to it."""


@dataclass(frozen=True)
class Message:
    """A signed message, such as a commit; what is signed is only seen as its hash."""

    namespace: str
    hash_name: str
    digest: bytes


@dataclass(frozen=True)
class Unknown:
    """Neither of them."""

    reason: str


SignedData = Login | Message | Unknown


def classify(request: SignRequest) -> SignedData:
    """Return what `request` would have signed; never raises."""
    try:
        algorithm = _algorithm(request)
        if request.data.startswith(_SSHSIG):
            return _message(request.data)
        return _login(request, algorithm)
    except MalformedMessage as error:
        return Unknown(str(error))


def _algorithm(request: SignRequest) -> bytes:
    """Return the signature's algorithm. Raises MalformedMessage where key and flags do not fit."""
    kind = Reader(request.key).string()
    if kind.decode("ascii", errors="replace") not in SIGNING_KINDS:
        raise _malformed("the key is no plain key")
    if kind == b"ssh-rsa":
        if request.flags not in _RSA:
            raise _malformed("an RSA signature without SHA-2")
        return _RSA[request.flags]
    if request.flags:
        raise _malformed("flags that do not fit the key")
    return kind


def _message(data: bytes) -> Message:
    reader = Reader(data[len(_SSHSIG) :])
    namespace, reserved = reader.string(), reader.string()
    hash_name, digest = reader.string(), reader.string()
    reader.end()
    if reserved:
        raise _malformed("a signed message with a reserved field")
    if _HASH_BYTES.get(hash_name) != len(digest):
        raise _malformed("a signed message whose hash does not fit its name")
    return Message(_text(namespace, "namespace"), hash_name.decode(), digest)


def _login(request: SignRequest, algorithm: bytes) -> Login:
    reader = Reader(request.data)
    session_id = reader.string()
    if len(session_id) not in SESSION_ID_BYTES:
        raise _malformed("neither a login nor a signed message")
    if reader.byte() != SSH_MSG_USERAUTH_REQUEST:
        raise _malformed("neither a login nor a signed message")
    user, service, method = reader.string(), reader.string(), reader.string()
    if service != b"ssh-connection":
        raise _malformed("a login to another service")
    if method not in (_PLAIN, _HOST_BOUND):
        raise _malformed("a login by another method")
    if not reader.boolean():
        raise _malformed("a login that asks for no signature")
    if reader.string() != algorithm:
        raise _malformed("a login by another algorithm than the request's")
    if reader.string() != request.key:
        raise _malformed("a login with another key than the request's")
    host_key = reader.string() if method == _HOST_BOUND else None
    reader.end()
    return Login(session_id, _text(user, "user"), host_key)


def _text(value: bytes, what: str) -> str:
    """Return `value` as text that a policy can name and a person can read."""
    text = value.decode("utf-8", errors="replace")
    if not text or "\ufffd" in text or printable(text, 256) != text:
        raise _malformed(f"a {what} that is no plain text")
    return text


def _malformed(reason: str) -> MalformedMessage:
    return MalformedMessage(reason)
