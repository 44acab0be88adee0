"""Decides a request for a signature: policy, proven session and signed data in, a decision out.

Pure. Rates and a person's answers come after it, in `gate.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from guard.errors import GuardError
from guard.public_key import parse_public_key

from .exposed import AgentKey, fingerprint, may_log_in, may_sign
from .policy import KeyPolicy, Verdict
from .session import Session
from .signed_data import Login, Message, SignedData, Unknown

Kind = Literal["sign", "login", "unknown"]
UNBOUND_HINT = (
    "the client did not say where it logs in (libssh2, go-git, JGit, paramiko, dropbear cannot); "
    "let it use OpenSSH: cargo by CARGO_NET_GIT_FETCH_WITH_CLI=true, JGit by GIT_SSH=ssh, "
    "git by core.sshCommand=ssh"
)
_SEVERITY: dict[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


@dataclass(frozen=True)
class Decision:
    """What becomes of one request."""

    kind: Kind
    target: str
    """A namespace, `user@host`, or empty."""
    verdict: Verdict
    reason: str
    host_key: str = ""
    """The fingerprint of the proven host key, for a login."""


def decide(policy: KeyPolicy, key: AgentKey, data: SignedData, session: Session) -> Decision:
    """Decide whether `key`, one of the exposed ones, may sign `data` in `session`."""
    match data:
        case Unknown(reason):
            return Decision("unknown", "", "deny", reason)
        case Message():
            return _decide_message(policy, key, data, session)
        case Login():
            return _decide_login(policy, key, data, session)


def is_listed(policy: KeyPolicy, key: AgentKey, session: Session) -> bool:
    """Whether `key`, one of the exposed ones, is shown where `why_hidden` hides none."""
    return session.login_bind is None or may_log_in(key, policy)


def why_hidden(policy: KeyPolicy, session: Session) -> Decision | None:
    """Return why no key is shown in `session`, or None.

    On the way to a host that is not allowed they would only be offered to it and then refused.
    """
    if fault := _session_fault(policy, session):
        return Decision("unknown", "", "deny", fault)
    bind = session.login_bind
    if bind is None:
        return None
    hosts, host_key = _hosts_of(policy, bind.host_key), fingerprint(bind.host_key)
    if not hosts:
        return Decision("login", "", "deny", _no_host(host_key), host_key)
    if policy.login[hosts[0]] == "deny":
        return Decision("login", hosts[0], "deny", f"`{hosts[0]}` is denied", host_key)
    return None


def _decide_message(policy: KeyPolicy, key: AgentKey, data: Message, session: Session) -> Decision:
    def decided(verdict: Verdict, reason: str) -> Decision:
        return Decision("sign", data.namespace, verdict, reason)

    if fault := _session_fault(policy, session):
        return decided("deny", fault)
    if not may_sign(key, policy):
        return decided("deny", "this key is not for signing")
    verdict = policy.sign.get(data.namespace)
    if verdict is None:
        return decided("deny", f"the namespace `{data.namespace}` is not allowed")
    return decided(verdict, f"the policy for the namespace `{data.namespace}`")


def _decide_login(policy: KeyPolicy, key: AgentKey, data: Login, session: Session) -> Decision:
    bind = session.login_bind
    proven = data.host_key
    if proven is None and bind is not None:
        proven = bind.host_key
    hosts = _hosts_of(policy, proven)
    host_key = fingerprint(proven) if proven is not None else ""
    target = f"{data.user}@{hosts[0] if hosts else '?'}"

    def decided(verdict: Verdict, reason: str) -> Decision:
        return Decision("login", target, verdict, reason, host_key)

    fault = _session_fault(policy, session) or _disagreement(data, session)
    if not fault and not may_log_in(key, policy):
        fault = "this key is not for logging in"
    if fault:
        return decided("deny", fault)
    if proven is None:
        return decided(policy.unbound, UNBOUND_HINT)
    if not hosts:
        return decided("deny", _no_host(host_key))
    # Names that share a key are one server to us, so what holds for any of them holds.
    if fault := " ".join(filter(None, (_host_fault(policy, data, host) for host in hosts))):
        return decided("deny", fault)
    return decided(policy.login[hosts[0]], f"the policy for logins to `{hosts[0]}`")


def _no_host(host_key: str) -> str:
    return f"no allowed host has the host key {host_key}"


def _host_fault(policy: KeyPolicy, data: Login, host: str) -> str:
    if host in policy.hostbound and data.host_key is None:
        return f"`{host}` must be named within the request, and is not"
    if host in policy.users and data.user not in policy.users[host]:
        return f"nobody may log in to `{host}` as `{data.user}`"
    return ""


def _session_fault(policy: KeyPolicy, session: Session) -> str:
    """Return why nothing is signed in this session, or nothing."""
    if session.is_spoiled:
        return "this connection made a false claim about where it leads"
    ours = _blobs(policy.machine_keys)
    for key in session.forwarding_keys:
        if key not in ours:
            return f"the agent was forwarded on, to the host key {fingerprint(key)}"
    return ""


def _disagreement(data: Login, session: Session) -> str:
    """Return where the login's own words contradict its bind, or nothing."""
    bind = session.login_bind
    if bind is None:
        return ""
    if bind.session_id != data.session_id:
        return "the login is for another session than the one that was proven"
    if data.host_key is not None and data.host_key != bind.host_key:
        return "the login names another host key than the one that was proven"
    return ""


def _hosts_of(policy: KeyPolicy, host_key: bytes | None) -> tuple[str, ...]:
    """Return the hosts of `login` that have this key, the one with the least rights first."""
    names = [name for name in policy.login if host_key in _blobs(policy.host_keys.get(name, ()))]
    return tuple(sorted(names, key=lambda name: -_SEVERITY[policy.login[name]]))


def _blobs(lines: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(blob for line in lines if (blob := _blob(line)) is not None)


@lru_cache(maxsize=1024)
def _blob(line: str) -> bytes | None:
    try:
        return parse_public_key(line).blob
    except GuardError:
        return None  # a host whose key cannot be read has none
