"""The checks of this computer, in order, with what they need of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from guard.git_identity import read_git_identity
from guard.ssh_agent import agent_candidates
from guard.ssh_config import read_ssh_config
from lima.errors import LimaError
from lima.host import KVM, detect
from lima.setup import requirements

from ..errors import ProjectError
from ..half_forks import half_forks
from ..load import project_names
from ..names import DEFAULT_NAME
from ..prune import Pruner
from ..workspace import FORGE
from . import identity, keys, permissions, programs, space, stale, stores, virtualisation
from .finding import Check, Finding, Subject, good

if TYPE_CHECKING:
    from lima.instance import Instance

    from ..project import Project
    from ..workspace import Workspace

TITLE = "this computer"


def host_subject(workspace: Workspace, instances: Sequence[Instance] | None) -> Subject:
    """Return the checks of this computer; `instances` are None where what runs them is missing."""
    checks = [
        *_programs(workspace),
        *_resources(workspace),
        *_person(workspace),
        *_permissions(workspace),
        stale.state_check(workspace.states),
        _leftovers(workspace, instances or ()),
        keys.log_check(workspace.keys.client.verify_log),
    ]
    if instances is not None:
        checks += _machines(workspace, instances)
    return Subject(TITLE, tuple(checks))


def instances_of(workspace: Workspace) -> Sequence[Instance] | None:
    """Return the machines there are; None where that cannot be found out."""
    try:
        return workspace.driver.list()
    except LimaError:
        return None


def _programs(workspace: Workspace) -> tuple[Check, ...]:
    return programs.program_checks(
        requirements(detect(), workspace.paths.lima, None, workspace.environ),
        partial(_driver_version, workspace),
        (("ssh", "-V"), ("git", "--version")),
        workspace.environ,
    )


def _driver_version(workspace: Workspace) -> str:
    return workspace.driver.version()


def _resources(workspace: Workspace) -> tuple[Check, ...]:
    host, paths = detect(), workspace.paths
    may_not = KVM.exists() and not os.access(KVM, os.R_OK | os.W_OK)
    return (
        virtualisation.virtualisation_check(host.why_emulated, may_not_open_kvm=may_not),
        *space.space_checks((paths.lima.home, paths.home, paths.lima.images)),
    )


def _person(workspace: Workspace) -> tuple[Check, ...]:
    names = project_names(workspace.paths) or [DEFAULT_NAME]
    projects = tuple(_readable(workspace, names))
    return (
        *_agents(workspace, projects),
        identity.git_check(lambda: read_git_identity(workspace.environ)),
        *(Check(f"project {name}", partial(_project, workspace, name)) for name in names),
        *stores.store_checks(
            (one for project in projects for one in project.secrets), workspace.tools
        ),
    )


def _readable(workspace: Workspace, names: Sequence[str]) -> Iterator[Project]:
    for name in names:
        with suppress(ProjectError):  # of which the project's own check tells
            yield workspace.project(name)


def _agents(workspace: Workspace, projects: Sequence[Project]) -> Iterator[Check]:
    """Yield a check for each agent that a project means."""
    environ, home = workspace.environ, workspace.paths.user_home
    config = read_ssh_config(FORGE, environ, home)
    for choice in sorted({project.keys.agent for project in projects} or {""}):
        own = [project for project in projects if project.keys.agent == choice]
        yield identity.agent_check(
            agent_candidates(environ, home, choice, config.identity_agent),
            partial(_need_agent, own),
            name=f"SSH agent {choice}".strip(),
        )


def _project(workspace: Workspace, name: str) -> Finding:
    profiles = workspace.project(name).profiles
    return good(f"its files can be read; profiles: {' '.join(profiles) or 'none'}")


def _need_agent(projects: Sequence[Project]) -> bool:
    """Whether one of `projects` signs commits, or clones over SSH."""
    return any(
        project.signing or not all(repo.url.startswith("https:") for repo in project.repos)
        for project in projects
    )


def _permissions(workspace: Workspace) -> tuple[Check, ...]:
    paths = workspace.paths
    own_keys = sorted((paths.keys / "own").glob("*.json"))
    states = sorted(paths.state.glob("*.json"))
    private = (paths.state, *states, paths.logs, paths.keys, *own_keys)
    settings = (paths.config_file, paths.config_file.parent, paths.home, paths.known_hosts)
    own = (*settings, *sorted(paths.own_profiles.glob("*.py")))
    return permissions.permission_checks(
        (*private, paths.lima.identity_file),
        own,
        (("state folder", paths.home), ("machines' folder", paths.lima.home)),
    )


def _leftovers(workspace: Workspace, instances: Sequence[Instance]) -> Check:
    known = {*workspace.states.names(), *(one.name for one in instances)}
    return stale.file_check(workspace.paths.state, known)


def _machines(workspace: Workspace, instances: Sequence[Instance]) -> tuple[Check, ...]:
    running = [one.name for one in instances if one.is_running]
    return (
        keys.given_check(
            lambda: workspace.keys.idle(running, workspace.states.is_in_use),
            workspace.keys.take_away,
        ),
        stale.half_made_check(partial(_prune, workspace)),
        stale.process_check(workspace.paths.lima.home, instances, processes),
        *stale.machine_checks(instances, workspace.states, workspace.states.is_in_use),
    )


def _prune(workspace: Workspace, only_tells: bool) -> Sequence[str]:
    """Remove what was half made, or only tell it; every golden there is stays."""
    driver = workspace.driver
    with workspace.reporter("doctor") as reporter:
        pruner = Pruner(
            driver,
            lambda name: workspace.machine(name, reporter),
            half_forks(workspace.states),
            dry_run=only_tells,
        )
        gone = pruner.prune(tuple(golden.key for golden in driver.goldens.all()))
    return (*gone, *workspace.keys.prune(dry_run=only_tells))


def processes() -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the number and the command line of each process; of some, none may be had."""
    import psutil  # noqa: PLC0415 - only this needs it

    found: Iterable[psutil.Process] = psutil.process_iter(["cmdline"])
    for process in found:
        # None where another user's process may not be looked at.
        yield process.pid, process.info["cmdline"] or ()
