"""Decides which project is meant: by name, by the repo one stands in, or `default`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import (
    AmbiguousProject,
    BadName,
    MissingKey,
    Place,
    ProjectFaults,
    ProjectTakenOver,
    UnknownProject,
)
from .names import DEFAULT_NAME
from .project import Project
from .remote_url import normalise

REPO_FILE = ".nopal.toml"


@dataclass(frozen=True)
class Surroundings:
    """What is known before a project is chosen."""

    person_file: Path
    repos_of: Mapping[str, Sequence[str]]
    """The person's projects, and the URLs each lists."""
    grants: frozenset[str] = frozenset()
    """Those that mount folders of the host, are given secrets, or say which keys may be used."""
    origin: str = ""
    """URL of the repo one stands in; "" outside of one."""
    shared: str = ""
    """The person's shared machine that one of its mounts makes this folder's; "" for none."""
    repo_file: Path | None = None
    """Its `.nopal.toml`, when there is one."""
    claimed_name: str = ""
    """The name in that file."""
    claimed_at: Place | None = None

    def holds_origin(self, name: str) -> bool:
        """Tell whether the person's file lists this repo for the project."""
        here = normalise(self.origin)
        return bool(here) and here in {normalise(url) for url in self.repos_of.get(name, ())}


@dataclass(frozen=True)
class Choice:
    """The project that is meant, and whether the repo's file has a say in it."""

    name: str
    uses_repo_file: bool
    holds_origin: bool


def choose_project(asked: str, around: Surroundings) -> Choice:
    """Choose: the name asked for, the repo file's, the person's project with this repo, `default`.

    In a folder of a shared machine that one comes before what a repo's own file says: only a
    project of the person's that lists the repo is nearer.
    Raises UnknownProject, AmbiguousProject, ProjectTakenOver and ProjectFaults.
    """
    if asked:
        return _by_name(asked, around)
    holders = tuple(name for name in around.repos_of if around.holds_origin(name))
    if around.shared and not holders:
        return Choice(around.shared, uses_repo_file=False, holds_origin=False)
    if around.repo_file and around.claimed_name:
        return _by_repo_file(around)
    if len(holders) > 1:
        raise AmbiguousProject(around.origin, holders)
    if holders:
        return Choice(holders[0], uses_repo_file=around.repo_file is not None, holds_origin=True)
    if around.repo_file:
        # Its settings must not go to `default`, which serves everything else too.
        fix = f'name it: `name = "{suggest_name(around.repo_file.parent.name)}"`'
        raise ProjectFaults((MissingKey(Place(around.repo_file), "name", fix),))
    return Choice(DEFAULT_NAME, uses_repo_file=False, holds_origin=False)


def check_owner(project: Project, repo_root: Path | None, owner: Path | str | None) -> None:
    """Refuse a repo's claim to a machine that belongs to something else.

    `owner` is what the state remembers: the directory of the repo whose file named the machine, ""
    for a machine made without such a file, None when there is no machine. Raises ProjectTakenOver.
    """
    is_claim = project.repo_root is not None and not project.holds_origin
    if owner is None or not is_claim or repo_root is None or str(owner) == str(repo_root):
        return
    words = f"the repo in {owner}" if str(owner) else "a project of yours"
    raise ProjectTakenOver(project.name, repo_root / REPO_FILE, words, project.person_file)


def find_repo_root(cwd: Path) -> Path | None:
    """Return the top of the git repo that `cwd` is in, or None. Links in `cwd` are followed."""
    here = cwd.resolve()
    return next((folder for folder in (here, *here.parents) if _is_root(folder)), None)


def _is_root(folder: Path) -> bool:
    try:
        return (folder / ".git").exists()
    except OSError:  # a folder we may not look into
        return False


def _by_name(asked: str, around: Surroundings) -> Choice:
    is_known = asked in around.repos_of
    holds = around.holds_origin(asked)
    # Standing in another project's repo doesn't bring that repo's settings along.
    claims = around.repo_file is not None and around.claimed_name == asked != DEFAULT_NAME
    uses = claims and not _is_foreign(asked, around)
    uses = uses or (around.repo_file is not None and not around.claimed_name and holds)
    if not (is_known or uses or asked == DEFAULT_NAME):
        known = [*around.repos_of, DEFAULT_NAME]
        nearest = difflib.get_close_matches(asked, known, 1)
        raise UnknownProject(asked, around.person_file, nearest[0] if nearest else "")
    return Choice(asked, uses_repo_file=uses, holds_origin=holds)


def _by_repo_file(around: Surroundings) -> Choice:
    name, file = around.claimed_name, around.repo_file
    place = around.claimed_at or Place(file)
    if name == DEFAULT_NAME:
        problem = "the machine `default` belongs to no repo"
        raise ProjectFaults((BadName(place, name, problem),))
    if file is not None and _is_foreign(name, around):
        raise ProjectTakenOver(
            name, file, "a project of yours that does not list this repo", around.person_file
        )
    return Choice(name, uses_repo_file=True, holds_origin=around.holds_origin(name))


def _is_foreign(name: str, around: Surroundings) -> bool:
    """Tell whether the person keeps a project of this name, but not for this repo.

    One that lists no repos and gives nothing away may be meant for any repo of its name.
    """
    is_kept = bool(around.repos_of.get(name)) or name in around.grants
    return is_kept and not around.holds_origin(name)


def suggest_name(folder: str) -> str:
    """Return a project's name made of a folder's."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in folder.lower())
    return "-".join(part for part in kept.split("-") if part)[:40] or "my-project"
