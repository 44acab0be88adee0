"""Machines whose project was renamed or removed while they live."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from .errors import ProjectError
from .names import DEFAULT_NAME
from .paths import Paths
from .project_file import read_toml_file
from .resolve import REPO_FILE
from .state import MachineState


def why_orphaned(
    state: MachineState, projects: Collection[str] | None, claimed: Callable[[Path], str | None]
) -> str:
    """Return why no project is the machine's any more; empty while one is, or nobody can tell.

    `projects` are those of the person's own file, None where it cannot be read. `claimed` returns
    the name that a repo's file gives, "" where there is none, None where it cannot be read.
    """
    if projects is None or state.name == DEFAULT_NAME or {state.name, state.fork_of} & {*projects}:
        return ""
    if state.fork_of == DEFAULT_NAME:
        return ""
    if not state.owner:
        return "no project has this name any more"
    name = claimed(Path(state.owner))
    if name is None or (name and name in {state.name, state.fork_of}):
        return ""
    if name:
        return f"the repo in {state.owner} names the project {name} now"
    return f"the repo in {state.owner} is gone, or names no project any more"


def person_projects(paths: Paths) -> Collection[str] | None:
    """Return the projects of the person's own file; None where it cannot be read."""
    try:
        file = read_toml_file(paths.config_file, follows_links=True)
    except ProjectError:
        return None
    tables = file.tables.get("projects", {}) if file else {}
    return tuple(tables) if isinstance(tables, dict) else None


def name_in(repo: Path) -> str | None:
    """Return the project that a repo's file names, "" for none; None where it cannot be read."""
    try:
        file = read_toml_file(repo / REPO_FILE, follows_links=False)
    except (ProjectError, OSError):
        return None
    name = file.tables.get("name", "") if file else ""
    return name if isinstance(name, str) else None
