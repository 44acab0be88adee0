"""Which of an agent's keys a machine sees, and what each of them is good for. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from guard.errors import printable
from guard.public_key import SIGNING_KINDS
from guard.wire import MalformedMessage, Reader

from .policy import KeyPolicy


@dataclass(frozen=True)
class AgentKey:
    """One key of an agent, by its public half."""

    blob: bytes
    comment: bytes = b""
    purpose: Literal["any", "sign", "login"] = "any"
    """What the key was made for, where the broker made it."""

    @cached_property
    def fingerprint(self) -> str:
        """As `ssh-add -l` shows it."""
        return fingerprint(self.blob)

    @property
    def shown(self) -> str:
        """Fingerprint and comment, for a person to read."""
        comment = printable(self.comment.decode("utf-8", errors="replace"), 60)
        return f"{self.fingerprint} ({comment})" if comment else self.fingerprint

    def is_named(self, names: Sequence[str]) -> bool:
        """Whether one of `names` is its fingerprint or its comment."""
        comment = self.comment.decode("utf-8", errors="replace")
        return self.fingerprint in names or (bool(comment) and comment in names)


def fingerprint(blob: bytes) -> str:
    """Return a key's fingerprint, `SHA256:` and unpadded base64."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return "SHA256:" + digest.rstrip("=")


def exposed(keys: Iterable[AgentKey], policy: KeyPolicy) -> tuple[AgentKey, ...]:
    """Return those of `keys` that the machine may see: named, and no certificates."""
    return tuple(key for key in keys if _is_plain(key.blob) and key.is_named(policy.exposed))


def may_sign(key: AgentKey, policy: KeyPolicy) -> bool:
    """Whether `key`, which is exposed, may sign messages."""
    return key.purpose != "login" and _is_among(key, policy.sign_with)


def may_log_in(key: AgentKey, policy: KeyPolicy) -> bool:
    """Whether `key`, which is exposed, may log in."""
    return key.purpose != "sign" and _is_among(key, policy.login_with)


def _is_among(key: AgentKey, names: Sequence[str] | None) -> bool:
    return names is None or key.is_named(names)


def _is_plain(blob: bytes) -> bool:
    try:
        return Reader(blob).string().decode("ascii", errors="replace") in SIGNING_KINDS
    except MalformedMessage:
        return False
