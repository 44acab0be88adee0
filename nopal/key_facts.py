"""Finds what a project's key policy depends on: its keys, and its servers' host keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guard.public_key import parse_public_key
from guard.repo_access import host_keys
from guard.ssh_agent import AgentSocket, NoAgent

from .key_policy import KeyFacts, key_policy, login_names

if TYPE_CHECKING:
    from guard.keys.control import Purpose
    from guard.keys.policy import KeyPolicy
    from guard.public_key import PublicKey
    from guard.repo_access import AccessCheck
    from guard.repo_url import RepoUrl

    from .keys import Keys
    from .project import Project

_SSH_PORT = 22


@dataclass(frozen=True)
class OwnKeys:
    """The keys that a project has to itself, by their public halves; made when they are missing."""

    login: PublicKey | None = None
    signing: PublicKey | None = None

    @classmethod
    def of(cls, project: Project, keys: Keys) -> OwnKeys:
        """Return what the project asks for.

        Raises:
            BrokerUnreachable, BrokerRefused: a key could not be made.
        """
        made = {
            purpose: parse_public_key(keys.client.make_key(project.name, purpose).line)
            for purpose in own_purposes(project)
        }
        return cls(made.get("login"), made.get("sign"))


def own_purposes(project: Project) -> tuple[Purpose, ...]:
    """Return what the project has keys of its own for."""
    has_own_login = project.keys.expose == "deploy"
    signs = project.signing and (has_own_login or project.keys.signing == "project")
    return (*(("login",) if has_own_login else ()), *(("sign",) if signs else ()))


@dataclass(frozen=True)
class Surroundings:
    """What of this computer a policy depends on."""

    agent: AgentSocket | NoAgent
    access: AccessCheck
    """How the hosts of repos are known."""
    owner_uid: int | None
    offered: Callable[[], Sequence[PublicKey]]
    """The agent's keys in the order in which a forge would be offered them."""


def policy_of(
    project: Project,
    urls: Sequence[RepoUrl],
    around: Surroundings,
    *,
    signing: PublicKey | None,
    own: OwnKeys,
    reaching: Mapping[str, str],
) -> KeyPolicy | None:
    """Return the policy of `project`; None where its machine gets no key.

    `reaching` tells by URL which key a repo's server accepted. Where none is known, it is the one
    that ssh would offer first.
    """
    found = tuple(dict.fromkeys(reaching[url.text] for url in urls if url.text in reaching))
    if not found and any(url.scheme == "ssh" for url in urls):
        found = tuple(key.fingerprint for key in around.offered()[:1])
    facts = KeyFacts(
        signing=signing.fingerprint if signing else "",
        reaching=found,
        own_login=own.login.fingerprint if own.login else "",
        own_signing=own.signing.fingerprint if own.signing else "",
        host_keys={
            name: tuple(key.line for key in host_keys(*server_parts(name), around.access))
            for name in login_names(project, urls)
        },
        owner_uid=around.owner_uid,
        upstream=sockets(around.agent),
    )
    return key_policy(project, urls, facts)


def sockets(agent: AgentSocket | NoAgent) -> tuple[str, ...]:
    """Return where the person's agents are, the one in use first."""
    if isinstance(agent, NoAgent):
        return ()
    return tuple(map(str, (agent.path, *agent.others)))


def server_parts(name: str) -> tuple[str, int]:
    """Return host and port of what known_hosts calls a server."""
    host, bracket, port = name.rpartition("]:")
    return (host.removeprefix("["), int(port)) if bracket else (name, _SSH_PORT)
