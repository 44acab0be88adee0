"""Who the person is to machines: the SSH agent with its keys, and git's name and address.

A password manager's agent is never asked for its keys: some ask for a fingerprint or a password
before they list them. That it listens is all that is found out.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from guard.git_identity import GitIdentity
from guard.public_key import PublicKey
from guard.ssh_agent import AgentUnreachable, list_keys

from .finding import Check, Finding, good

_MANAGERS = ("1password", "bitwarden", "dashlane", "keeper", "proton", "secretive", "strongbox")


def is_password_manager(agent: Path) -> bool:
    """Whether the socket is that of a password manager, as far as its path tells."""
    words = f"{agent} {agent.resolve()}".lower()
    return any(name in words for name in _MANAGERS)


def listens(agent: Path) -> None:
    """Connect to the agent and say nothing. Raises AgentUnreachable."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(str(agent))
        except OSError as error:
            raise AgentUnreachable(agent, (error.strerror or str(error)).lower()) from None


def agent_check(
    candidates: Mapping[Path, str],
    is_needed: Callable[[], bool],
    list_keys: Callable[[Path], tuple[PublicKey, ...]] = list_keys,
    listens: Callable[[Path], None] = listens,
    name: str = "SSH agent",
) -> Check:
    """Return the check of the SSH agents, each with who named it, in the order of preference.

    Where none is needed, none that can be used is no fault.
    """

    def look() -> Finding:
        found = _agent(candidates, list_keys, listens)
        if found.ok or is_needed():
            return found
        return good(f"{found.says}; no project needs one")

    return Check(name, look)


def _agent(
    candidates: Mapping[Path, str],
    list_keys: Callable[[Path], tuple[PublicKey, ...]],
    listens: Callable[[Path], None],
) -> Finding:
    faults = []
    empty = ""
    for path, origin in candidates.items():
        try:
            if is_password_manager(path):
                listens(path)
                return good(f"{origin} listens; its keys are not asked for here")
            keys = list_keys(path)
        except AgentUnreachable as error:
            faults.append(f"{origin}: {error.reason}")
            continue
        if keys:
            count = f"{len(keys)} {'key' if len(keys) == 1 else 'keys'}"
            names = ", ".join(key.comment or key.fingerprint for key in keys)
            return good(f"{origin} has {count}: {names}")
        empty = empty or f"{origin} holds no key"
    if empty:
        return Finding(False, f"{empty}: commits stay unsigned", "ssh-add")
    says = "; ".join(faults) or "nothing names one"
    return Finding(False, f"none answers ({says})", 'eval "$(ssh-agent)" && ssh-add')


def git_check(read: Callable[[], GitIdentity]) -> Check:
    """Return the check of the name and address that commits in machines will carry."""

    def look() -> Finding:
        identity = read()
        if not identity.missing:
            return good(f"{identity.name} <{identity.email}>")
        fixes = {
            "user.name": 'git config --global user.name "YOUR NAME"',
            "user.email": "git config --global user.email YOU@EXAMPLE.COM",
        }
        fix = "\n".join(fixes[key] for key in identity.missing)
        return Finding(False, f"git has no {' and no '.join(identity.missing)}", fix)

    return Check("git identity", look)
