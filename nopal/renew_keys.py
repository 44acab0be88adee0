"""Giving a running machine its keys anew: the broker may have ended, the person's agent moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from guard.errors import GuardError
from profiles.errors import ProfileError

from .errors import ProjectError
from .key_facts import server_parts, sockets
from .workspace import FORGE

if TYPE_CHECKING:
    from guard.keys.policy import KeyPolicy

    from .project import Project
    from .workspace import Workspace


def renew(workspace: Workspace, project: Project, say: Callable[[str], object]) -> None:
    """Give the machine of `project` the keys that were settled at its last `up`.

    What goes wrong is said and is no error: one can stand in a machine without its keys.
    """
    if project.keys.while_ == "never":
        workspace.keys.take_away(project.name)
        return
    try:
        policy = workspace.keys.given(project.name)
        if policy is not None:
            workspace.keys.give(project, _with_agents(workspace, project, policy))
            return
        from .preflight import prepare_all  # noqa: PLC0415 - for a machine that never got any

        (item,) = prepare_all(workspace, [project])
        if item.keys is not None:
            workspace.keys.give(project, item.keys)
    except (GuardError, ProfileError, ProjectError) as error:
        say(f"its keys may not be at hand: {error}")


def _with_agents(workspace: Workspace, project: Project, policy: KeyPolicy) -> KeyPolicy:
    host = server_parts(next(iter(policy.login), FORGE))[0]
    found = sockets(workspace.agent(project.keys.agent, host))
    return msgspec.structs.replace(policy, upstream=found) if found else policy
