"""Messages of the SSH agent protocol (RFC 9987, OpenSSH's PROTOCOL.agent), read to the last byte.

Pure: a body in, a request out. What signed data means is in `signed_data.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guard.wire import UINT32_BYTES, MalformedMessage, Reader, string

SSH_AGENT_FAILURE = 5
SSH_AGENT_SUCCESS = 6
SSH_AGENTC_REQUEST_IDENTITIES = 11
SSH_AGENT_IDENTITIES_ANSWER = 12
SSH_AGENTC_SIGN_REQUEST = 13
SSH_AGENT_SIGN_RESPONSE = 14
SSH_AGENTC_EXTENSION = 27

SSH_AGENT_RSA_SHA2_256 = 2
SSH_AGENT_RSA_SHA2_512 = 4
SESSION_BIND = b"session-bind@openssh.com"

MAX_MESSAGE_BYTES = 256 * 1024
MAX_KEYS = 2048
MAX_SESSION_ID_BYTES = 128
"""All three are OpenSSH's own limits (authfd.c, ssh-agent.c)."""

FAILURE = bytes([SSH_AGENT_FAILURE])
SUCCESS = bytes([SSH_AGENT_SUCCESS])
REQUEST_IDENTITIES = bytes([SSH_AGENTC_REQUEST_IDENTITIES])

_REFUSED = {
    1: "SSH 1",
    3: "SSH 1",
    7: "SSH 1",
    8: "SSH 1",
    9: "SSH 1",
    24: "SSH 1",
    17: "adding a key",
    18: "removing a key",
    19: "removing all keys",
    20: "adding a smart card",
    21: "removing a smart card",
    22: "locking the agent",
    23: "unlocking the agent",
    25: "adding a key",
    26: "adding a smart card",
}


@dataclass(frozen=True)
class ListKeys:
    """Asks which keys there are."""


@dataclass(frozen=True)
class SignRequest:
    """Asks for a signature over `data`."""

    key: bytes
    data: bytes
    flags: int

    def encode(self) -> bytes:
        """Return the message's body, made anew of what was understood."""
        head = bytes([SSH_AGENTC_SIGN_REQUEST])
        return head + string(self.key) + string(self.data) + self.flags.to_bytes(4, "big")


@dataclass(frozen=True)
class SessionBind:
    """Says to which host the connection leads that the next login is for."""

    host_key: bytes
    session_id: bytes
    signature: bytes
    is_forwarding: bool

    def encode(self) -> bytes:
        """Return the message's body, made anew of what was understood."""
        fields = (SESSION_BIND, self.host_key, self.session_id, self.signature)
        body = b"".join(string(field) for field in fields)
        return bytes([SSH_AGENTC_EXTENSION]) + body + bytes([self.is_forwarding])


@dataclass(frozen=True)
class Unwanted:
    """A message that is refused whatever it says."""

    what: str


Request = ListKeys | SignRequest | SessionBind | Unwanted


def parse_request(body: bytes) -> Request:
    """Read one request, without its length in front.

    Raises:
        MalformedMessage: a message that the broker understands is cut short or has too much.
    """
    if not body:
        message = "an empty message"
        raise MalformedMessage(message)
    reader = Reader(body[1:])
    match body[0]:
        case 11:
            reader.end()
            return ListKeys()
        case 13:
            request = SignRequest(reader.string(), reader.string(), reader.uint32())
            reader.end()
            return request
        case 27:
            return _parse_extension(reader)
        case number:
            return Unwanted(_REFUSED.get(number, f"message {number}"))


def _parse_extension(reader: Reader) -> SessionBind | Unwanted:
    if reader.string() != SESSION_BIND:
        return Unwanted("an extension")
    host_key, session_id, signature = reader.string(), reader.string(), reader.string()
    is_forwarding = reader.boolean()
    reader.end()
    if len(session_id) > MAX_SESSION_ID_BYTES:
        message = "a session id that is too long"
        raise MalformedMessage(message)
    return SessionBind(host_key, session_id, signature, is_forwarding)


def identities_answer(keys: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the body that lists `keys`, each a blob and its comment."""
    head = bytes([SSH_AGENT_IDENTITIES_ANSWER]) + len(keys).to_bytes(UINT32_BYTES, "big")
    return head + b"".join(string(blob) + string(comment) for blob, comment in keys)


def parse_identities(body: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Read what an agent holds: blobs and comments. Raises MalformedMessage on anything else."""
    reader = Reader(body[1:])
    if body[:1] != bytes([SSH_AGENT_IDENTITIES_ANSWER]):
        message = "no list of keys"
        raise MalformedMessage(message)
    count = reader.uint32()
    if count > MAX_KEYS:
        message = f"{count} keys"
        raise MalformedMessage(message)
    keys = tuple((reader.string(), reader.string()) for _ in range(count))
    reader.end()
    return keys


def sign_response(signature: bytes) -> bytes:
    """Return the body that carries a signature."""
    return bytes([SSH_AGENT_SIGN_RESPONSE]) + string(signature)


def parse_sign_response(body: bytes) -> bytes | None:
    """Return the signature of an agent's answer, None when it refused.

    Raises:
        MalformedMessage: it is neither.
    """
    if body == FAILURE:
        return None
    reader = Reader(body[1:])
    if body[:1] != bytes([SSH_AGENT_SIGN_RESPONSE]):
        message = "no signature"
        raise MalformedMessage(message)
    signature = reader.string()
    reader.end()
    inner = Reader(signature)
    inner.string()
    inner.string()
    # Keys on hardware add flags and a counter; anything longer is no signature.
    if len(inner.rest) not in (0, 5):
        message = "a signature with too much"
        raise MalformedMessage(message)
    return signature
