"""What one project's machine may do with keys: plain data, given by nopal, kept as JSON.

Decides nothing (that is `decide.py`) and reads nothing.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Verdict = Literal["allow", "ask", "deny"]
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NO_PROJECT_NAME = "a project's name is 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `count` within any `per_s` seconds."""

    count: int
    per_s: float


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a machine may sign, log in, and have its person asked."""

    sign: Rate = Rate(60, 600)
    login: Rate = Rate(60, 600)
    ask: Rate = Rate(5, 600)


class KeyPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole policy of one project. What is not named here is refused."""

    project: str
    exposed: tuple[str, ...] = ()
    """The keys that the machine sees: fingerprints `SHA256:…`, or comments."""
    sign_with: tuple[str, ...] | None = None
    """Which of them may sign messages, named likewise; None means all of them."""
    login_with: tuple[str, ...] | None = None
    """Which of them may log in; None means all of them."""
    sign: dict[str, Verdict] = {}
    """For each namespace of SSH signatures, such as `git`."""
    login: dict[str, Verdict] = {}
    """For each host, under the names of `host_keys`."""
    users: dict[str, tuple[str, ...]] = {}
    """As whom one may log in to a host; a host that is not named here takes any user."""
    host_keys: dict[str, tuple[str, ...]] = {}
    """Public key lines (`ssh-ed25519 AAAA…`) that prove a host. A host without any is never it."""
    machine_keys: tuple[str, ...] = ()
    """The machine's own host keys: `ssh -A` to it shows one. Forwarded to anybody else, nothing."""
    hostbound: tuple[str, ...] = ()
    """Hosts that must be named within the signed request itself, so that they check it as well."""
    unbound: Verdict = "deny"
    """For logins of clients that do not say where to. `allow` means to anywhere."""
    rates: Rates = Rates()
    remember_s: float = 900
    """How long a person's yes holds for the same key, kind and target."""
    peer_uids: tuple[int, ...] = ()
    """Users of this host that may connect besides the broker's own and `owner_uid`."""
    owner_uid: int | None = None
    """Whose the socket is; None means the broker's own user."""
    upstream: tuple[str, ...] = ()
    """Sockets of the person's agents, the preferred one first; looked at anew for each connection.
    Without any there are only the broker's own keys."""
    runs: str = ""
    """A file that is there as long as the machine runs; a broker that serves none of them ends."""
    lock: str = ""
    """A file that is locked while somebody makes, starts or ends the machine."""
    connected: str = ""
    """A file that is locked while somebody is connected, if only then a key may be used."""

    def __post_init__(self) -> None:
        """Refuse a project name that could not be a file's name, whoever made the policy."""
        if not is_project_name(self.project):
            raise ValueError(NO_PROJECT_NAME)


def is_project_name(name: str) -> bool:
    """Whether `name` is safe as a file's name."""
    return _PROJECT.fullmatch(name) is not None
