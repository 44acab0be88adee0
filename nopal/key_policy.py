"""What a project's machine may do with the keys of this computer: its policy for the broker. Pure.

Where the person says nothing, a machine may sign git's commits and tags with the key that signs
them, and log in to the servers of its own repos, as their URLs say, with the keys that reach them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guard.host_trust import known_hosts_name
from guard.keys.policy import KeyPolicy, Rate, Rates, Verdict
from guard.repo_url import RepoUrlRefused, parse_repo_url

if TYPE_CHECKING:
    from guard.repo_url import RepoUrl

    from .project import Project

GIT = "git"


@dataclass(frozen=True)
class Server:
    """A server by the name that known_hosts has for it, and as whom one logs in."""

    name: str
    user: str


@dataclass(frozen=True, kw_only=True)
class KeyFacts:
    """What has to be known of this computer for a policy."""

    signing: str = ""
    """Fingerprint of the key that signs commits; empty where none does."""
    reaching: tuple[str, ...] = ()
    """Fingerprints of the keys that reach the project's repos."""
    own_login: str = ""
    """Fingerprint of the deploy key that the project has to itself."""
    own_signing: str = ""
    """Fingerprint of the signing key that the project has to itself."""
    host_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Public key lines of each server that has some here."""
    upstream: tuple[str, ...] = ()
    """Sockets of the person's agents, the one in use first."""
    owner_uid: int | None = None
    """Who connects for the machine, where that is not ourselves."""


def key_policy(project: Project, urls: Sequence[RepoUrl], facts: KeyFacts) -> KeyPolicy | None:
    """Return the policy of `project`; None where its machine gets no key at all.

    `urls` are its repos, in the order of `project.repos`.
    """
    wanted = project.keys
    if wanted.while_ == "never":
        return None
    login, users = _logins(project, urls)
    exposed, sign_with, login_with = _keys(project, facts)
    return KeyPolicy(
        project=project.name,
        exposed=exposed,
        sign_with=sign_with,
        login_with=login_with,
        sign=dict(wanted.sign) if sign_with or wanted.expose not in ("auto", "deploy") else {},
        login=login,
        users=users,
        host_keys={name: facts.host_keys[name] for name in login if name in facts.host_keys},
        hostbound=wanted.hostbound,
        unbound=wanted.unbound,
        rates=Rates(
            **{kind: Rate(rate.count, rate.within_s) for kind, rate in wanted.rate.items()}
        ),
        remember_s=wanted.remember_s,
        owner_uid=facts.owner_uid,
        upstream=facts.upstream,
    )


def own_servers(project: Project, urls: Sequence[RepoUrl]) -> Iterator[Server]:
    """Yield the servers of the project's own repos that a machine may log in to unasked.

    A repo's own file may name any server, so it opens none but those, as the users, of the repos
    that the person's file lists and of the remote that the repo was cloned from.
    """
    by_ssh = [(index, _server(url)) for index, url in enumerate(urls) if url.scheme == "ssh"]
    by_person = {server for index, server in by_ssh if not _is_by_repo_file(project, index)}
    by_person.update(_origin_server(project))
    for _, server in by_ssh:
        if server in by_person:
            yield server


def doubtful_servers(project: Project, urls: Sequence[RepoUrl]) -> tuple[Server, ...]:
    """Return the servers of repos that `own_servers` leaves out."""
    own = set(own_servers(project, urls))
    all_of_them = (_server(url) for url in urls if url.scheme == "ssh")
    return tuple(dict.fromkeys(server for server in all_of_them if server not in own))


def login_names(project: Project, urls: Sequence[RepoUrl]) -> tuple[str, ...]:
    """Return the servers that a policy of `project` names, whose host keys it needs."""
    return tuple(_logins(project, urls)[0])


def _logins(
    project: Project, urls: Sequence[RepoUrl]
) -> tuple[dict[str, Verdict], dict[str, tuple[str, ...]]]:
    own = tuple(own_servers(project, urls))
    login: dict[str, Verdict] = (
        dict.fromkeys((server.name for server in own), "allow")
        if isinstance(project.keys.login, str)
        else dict(project.keys.login)
    )
    users = {
        name: project.keys.users.get(name)
        or tuple(dict.fromkeys(server.user for server in own if server.name == name))
        or (GIT,)
        for name in login
    }
    return login, users


def _keys(
    project: Project, facts: KeyFacts
) -> tuple[tuple[str, ...], tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return which keys the machine sees, and which of them may sign and log in: None for all."""
    expose = project.keys.expose
    if isinstance(expose, tuple):
        own = (facts.own_signing,) if facts.own_signing else ()
        return (*expose, *own), own or None, None
    logs_in = (facts.own_login,) if expose == "deploy" else facts.reaching
    signs = tuple(key for key in (facts.own_signing or facts.signing,) if key)
    return tuple(dict.fromkeys((*signs, *logs_in))), signs or None, logs_in or None


def _server(url: RepoUrl) -> Server:
    return Server(known_hosts_name(url.host.lower(), url.port), url.user or GIT)


def _origin_server(project: Project) -> Iterator[Server]:
    with suppress(RepoUrlRefused):
        if project.origin and (url := parse_repo_url(project.origin)).scheme == "ssh":
            yield _server(url)


def _is_by_repo_file(project: Project, index: int) -> bool:
    origin = project.provenance.get(f"repos[{index}]")
    return origin is not None and origin.layer == "repo"
