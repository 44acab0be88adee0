"""The checks of a machine's keys, from its own ssh to the agents of this computer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guard.ssh_agent import AgentUnreachable
from lima.guest import AGENT_SOCKET

from .. import key_look
from ..key_facts import server_parts
from .finding import Check, Finding, good
from .visit import Visit

if TYPE_CHECKING:
    from guard.keys.exposed import AgentKey
    from guard.keys.policy import KeyPolicy
    from guard.public_key import PublicKey

OLDEST_CLIENT = (8, 9)
"""The first that says where it logs in; before it, no login can be proven and so none is signed."""


def keys_held(
    policy: KeyPolicy,
    own: Sequence[AgentKey],
    list_keys: Callable[[Path], Sequence[PublicKey]],
) -> tuple[AgentKey, ...]:
    """Return the keys that the broker can have for `policy`: the project's own, and an agent's.

    As the broker does, the first agent with a key that is named is taken, else the first that
    answers.

    Raises:
        AgentUnreachable: no agent answers, and the project has no key of its own.
    """
    from guard.keys.exposed import AgentKey  # noqa: PLC0415 - not needed for a bare `--list`

    found: Sequence[AgentKey] | None = None
    faults = []
    for path in map(Path, policy.upstream):
        try:
            keys = [AgentKey(key.blob, key.comment.encode()) for key in list_keys(path)]
        except AgentUnreachable as error:
            faults.append(error)
            continue
        is_it = any(key.is_named(policy.exposed) for key in keys)
        if found is None or is_it:
            found = keys
        if is_it:
            break
    if faults and found is None and not own:
        raise faults[0]
    return (*own, *(found or ()))


def client_check(visit: Visit, name: str) -> Check:
    """Return the check that the guest's ssh can say where it logs in."""

    def look() -> Finding:
        version = key_look.client_version(visit.told().answers)
        fix = f"inv run 'sudo apt-get install -y openssh-client' -p {name}"
        if version is None:
            return Finding(False, "it has no OpenSSH", fix)
        words = ".".join(map(str, version))
        if version < OLDEST_CLIENT:
            says = f"OpenSSH {words} does not say where it logs in, so no login is signed"
            return Finding(False, says, fix)
        return good(f"OpenSSH {words}")

    return Check("ssh client", look)


def held_check(
    name: str, policy: KeyPolicy | None, held: Callable[[], Sequence[AgentKey]]
) -> Check:
    """Return the check that this computer has the keys that the machine may use."""

    def look() -> Finding:
        names, keys = policy.exposed if policy else (), held()
        lost = [one for one in names if not any(key.is_named([one]) for key in keys)]
        if lost:
            says = f"no agent of this computer holds {', '.join(lost)}"
            return Finding(False, says, f"ssh-add, then: inv up -p {name}")
        found = ", ".join(key.shown for key in keys if key.is_named(names))
        return good(found or "it may use none now")

    return Check("keys here", look)


def seen_check(
    visit: Visit, name: str, policy: KeyPolicy | None, held: Callable[[], Sequence[AgentKey]]
) -> Check:
    """Return the check that the machine sees the keys that it may use, and just those."""

    def look() -> Finding:
        answers, up = visit.told().answers, f"inv up -p {name}"
        names = policy.exposed if policy else ()
        wanted = frozenset(key.fingerprint for key in held() if key.is_named(names))
        seen = key_look.fingerprints(answers)
        if seen is None and policy is not None:
            return Finding(False, f"nothing answers at {AGENT_SOCKET} in it", up)
        if more := sorted((seen or frozenset()) - wanted):
            return Finding(False, f"it sees more than it may: {', '.join(more)}", up)
        if fewer := sorted(wanted - (seen or frozenset())):
            return Finding(False, f"it does not see {', '.join(fewer)}", up)
        if policy is not None and key_look.variable(answers) != AGENT_SOCKET:
            return Finding(False, f"SSH_AUTH_SOCK is not {AGENT_SOCKET} in its shells", up)
        return good(f"{len(wanted)}, as it should")

    return Check("keys seen", look)


def hosts_check(name: str, policy: KeyPolicy | None) -> Check:
    """Return the check that each server it may log in to can be proven."""

    def look() -> Finding:
        if policy is None:
            return good("it may log in nowhere now")
        allowed = [host for host, verdict in policy.login.items() if verdict != "deny"]
        unknown = [host for host in allowed if not policy.host_keys.get(host)]
        if not unknown:
            return good(f"host keys are known of {', '.join(allowed) or 'none, and none needed'}")
        fix = "\n".join(_connect(host) for host in unknown)
        says = f"no host key is known here of {', '.join(unknown)}, so no login there is signed"
        return Finding(False, says, f"{fix}\ninv up -p {name}")

    return Check("key servers", look)


def agents_check(visit: Visit, name: str, has_wider: Callable[[], bool], fix: str) -> Check:
    """Return the check that no other agent of this computer reaches into the machine.

    `has_wider` tells it of the connection that is kept to it, which `fix` ends.
    """

    def look() -> Finding:
        forwarded = key_look.forwarded_agents(visit.told().answers)
        if has_wider():
            says = "the connection that is kept to it was opened with an SSH agent at hand"
            return Finding(False, says, fix)
        if forwarded:
            says = f"a login brought an agent along: {', '.join(forwarded)}"
            return Finding(False, says, f"end that login (`ssh -A`); who it is: inv ssh -p {name}")
        return good("none but the broker's reaches into it")

    return Check("other agents", look)


def given_check(idle: Callable[[], Collection[str]], take_away: Callable[[str], object]) -> Check:
    """Return the check that machines which do not run may use no key; `idle` tells which may."""

    def look() -> Finding:
        names = sorted(idle())
        if not names:
            return good("only machines that run have any")

        def mend() -> None:
            for name in names:
                take_away(name)

        says = f"{', '.join(names)} may use keys and do not run"
        return Finding(False, says, "inv doctor --fix", mend)

    return Check("keys given", look)


def log_check(verify: Callable[[], int]) -> Check:
    """Return the check of the log of key use; `verify` counts its lines, or raises."""
    return Check("key log", lambda: good(f"{verify()} lines, none changed"))


def _connect(host: str) -> str:
    server, port = server_parts(host)
    option = f" -p {port}" if host.startswith("[") else ""
    return f"ssh{option} {server}   # once, and compare the key that it shows"
