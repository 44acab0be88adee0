"""What a person should know of the keys that a machine gets, one line each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .key_policy import doubtful_servers

if TYPE_CHECKING:
    from guard.keys.policy import KeyPolicy
    from guard.repo_url import RepoUrl

    from .project import Project


def key_notes(
    project: Project, urls: Sequence[RepoUrl], policy: KeyPolicy | None
) -> tuple[str, ...]:
    """Return what of a policy will not work, and what would mend it."""
    if policy is None:
        return ()
    notes = []
    for host, verdict in policy.login.items():
        if verdict != "deny" and not policy.host_keys.get(host):
            notes.append(f"no key logs in to {host} until your known_hosts has it: connect once")
    if isinstance(project.keys.login, str):
        for server in doubtful_servers(project, urls):
            notes.append(
                f"no key logs in to {server.name} as {server.user}: only the repo's own file names"
                f" it; if you mean it, say so in [projects.{project.name}.keys] login and users"
            )
    return tuple(notes)
