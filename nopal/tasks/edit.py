"""`add` and `edit`: the project files, changed with care."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from pathlib import Path

    from ..add_repo import Spot
    from ..edit_file import Answer
    from ..errors import ProjectFaults
    from ..project import Project, RepoEntry
    from ..workspace import Workspace

_START = """\
# Your projects: the keys are in `nopal help keys`. For example:
#
# [projects.blog]
# repos = ["git@github.com:example/blog.git"]
# profiles = ["docker", "node", "claude", "git"]
"""


@verb(
    positional=["url"],
    help={
        "url": "the repo's URL: git@HOST:OWNER/REPO.git, ssh://… or https://…",
        "project": PROJECT,
        "branch": "the branch to clone; else the repo's own choice",
        "path": "its folder below ~/code; else the repo's name",
        "new": "begin a project of the name given by -p in your own file",
    },
)
def add(
    c: Context, url: str, project: str = "", branch: str = "", path: str = "", new: bool = False
) -> None:
    """Add a repo to the project's file; the next `up` clones it."""
    from guard.repo_url import check_branch, parse_repo_url  # noqa: PLC0415

    from ..add_repo import as_written, with_repo  # noqa: PLC0415
    from ..check_file import check_text  # noqa: PLC0415
    from ..project import RepoEntry  # noqa: PLC0415
    from ..remote_url import normalise  # noqa: PLC0415
    from ..text_file import replace_text  # noqa: PLC0415

    parse_repo_url(url)
    if branch:
        check_branch(branch)
    workspace = open_workspace(c)
    spot, repos = _where(workspace, project, new=new)
    if normalise(url) in {normalise(repo.url) for repo in repos}:
        sys.stderr.write(f"{url} is there already: {spot.file}\n")
        return
    text = _text(spot)
    repo = RepoEntry(url, branch=branch, path=path)
    edited = with_repo(text, spot, as_written(repo), [as_written(one) for one in repos])
    check_text(edited, spot.file, workspace.paths, is_person=spot.is_person)
    spot.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_text(spot.file, edited)
    sys.stderr.write(f"added to {spot.file}; to clone it: inv up{_flag(project)}\n")


def _where(workspace: Workspace, name: str, *, new: bool) -> tuple[Spot, tuple[RepoEntry, ...]]:
    """Return where the list of repos is, and what is in it."""
    from ..add_repo import Spot, spot_for  # noqa: PLC0415
    from ..errors import UnknownProject  # noqa: PLC0415

    try:
        project = workspace.project(name)
    except UnknownProject as error:
        if not new:
            raise
        return Spot(error.person_file, ("projects", name), is_person=True), ()
    return spot_for(project, _repo_file(project)), project.repos


@verb(
    help={
        "project": PROJECT,
        "mine": "your own projects.toml, also where the repo has a .nopal.toml",
    }
)
def edit(c: Context, project: str = "", mine: bool = False) -> None:
    """Open the project's file in your editor; what nopal could not read is not kept unasked."""
    from ..check_file import check_text  # noqa: PLC0415
    from ..edit_file import Edit, editor_command  # noqa: PLC0415
    from ..errors import ProjectError  # noqa: PLC0415

    workspace = open_workspace(c)
    file = workspace.paths.config_file
    if not mine:
        try:
            found = workspace.project(project)
        except ProjectError as error:
            # It may be what is to be mended.
            file = _faulty(workspace, error) or file
        else:
            repo_file = _repo_file(found)
            file = repo_file if repo_file and not found.is_in_person_file else file
    is_person = file == workspace.paths.config_file
    if not is_person and file.is_symlink():
        raise Exit(f"{file} is a symbolic link: nopal neither reads nor edits what it leads to", 2)
    whole = Edit(
        file,
        workspace.paths.home / "edit" / file.name.lstrip("."),
        lambda text: check_text(text, file, workspace.paths, is_person=is_person),
        _ask,
    )
    outcome = whole.run(
        editor_command(workspace.environ), workspace.environ, _START if is_person else ""
    )
    told = {
        "same": "nothing was changed; an editor that returns at once must wait: `code --wait`",
        "kept": "kept; to bring it about: inv up",
        "kept with faults": "kept as it is, with its faults: no verb on its projects will work",
    }
    sys.stderr.write(f"{file}: {told[outcome]}\n")


def _ask(faults: ProjectFaults) -> Answer:
    from ..screen import printable  # noqa: PLC0415

    sys.stderr.write("".join(f"{printable(line)}\n" for line in str(faults).splitlines()))
    if not sys.stdin.isatty():
        return "drop"
    answers: dict[str, Answer] = {"e": "edit", "k": "keep", "d": "drop", "": "edit"}
    while True:
        sys.stderr.write("[e]dit again, [k]eep it with these faults, [d]rop it? ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return "drop"
        if line.strip().lower()[:1] in answers:
            return answers[line.strip().lower()[:1]]


def _repo_file(project: Project) -> Path | None:
    from ..resolve import REPO_FILE  # noqa: PLC0415

    return project.repo_root / REPO_FILE if project.repo_root is not None else None


def _faulty(workspace: Workspace, error: Exception) -> Path | None:
    """Return the file in which the first fault is, if it is one of the two."""
    from ..resolve import REPO_FILE, find_repo_root  # noqa: PLC0415

    places = [fault.place.file for fault in getattr(error, "faults", ())]
    root = find_repo_root(workspace.cwd)
    candidates = (workspace.paths.config_file, root / REPO_FILE if root else None)
    return next((place for place in places if place in candidates), None)


def _text(spot: Spot) -> str:
    from ..project_file import read_bytes  # noqa: PLC0415

    data = read_bytes(spot.file, follows_links=spot.is_person)
    return "" if data is None else data.decode("utf-8", "surrogateescape")


def _flag(project: str) -> str:
    return f" -p {project}" if project else ""
