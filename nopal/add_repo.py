"""One repo more in a project file: the text is edited, so comments and order stay. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ProjectError
from .project import Project, RepoEntry
from .toml_lines import dotted

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

Repo = str | dict[str, str | bool]
"""As it stands in a file: a URL, or a table with one."""


@dataclass(eq=False)
class EditByHand(ProjectError):
    """The file is written in a way that could not be edited safely."""

    file: Path
    line: str

    def __str__(self) -> str:
        return (
            f"{self.file} is written in a way that nopal does not edit\n  add by hand: {self.line}"
        )


@dataclass(frozen=True)
class Spot:
    """Where a project's `repos` stand, or shall stand."""

    file: Path
    table: tuple[str, ...]
    is_person: bool


def spot_for(project: Project, repo_file: Path | None) -> Spot:
    """Return where a repo is added: where the list is now, else where the project is told of."""
    own = Spot(project.person_file, ("projects", project.name), is_person=True)
    layer = project.provenance["repos"].layer if "repos" in project.provenance else ""
    if repo_file is None or layer == "project" or (layer != "repo" and project.is_in_person_file):
        return own
    return Spot(repo_file, (), is_person=False)


def as_written(repo: RepoEntry) -> Repo:
    """Return a repo as a file has it: only what differs from the defaults."""
    extras: dict[str, str | bool] = {
        name: value for name, value in (("branch", repo.branch), ("path", repo.path)) if value
    }
    if not repo.dependencies:
        extras["dependencies"] = False
    return {"url": repo.url, **extras} if extras else repo.url


def with_repo(text: str, spot: Spot, repo: Repo, so_far: Sequence[Repo]) -> str:
    """Return `text` with `repo` at the end of the list; a new list begins with `so_far`.

    Raises:
        EditByHand: what came out is not what was wanted.
    """
    import tomlkit  # noqa: PLC0415 - only an edit needs it
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        document = tomlkit.parse(text)
        table: Any = document
        for key in spot.table:
            table = table.setdefault(key, tomlkit.table(is_super_table=key != spot.table[-1]))
        if "repos" in table:
            table["repos"].append(_inline(repo))
        else:
            repos = tomlkit.array()
            for one in (*so_far, repo):
                repos.append(_inline(one))
            table["repos"] = repos.multiline(len(repos) > 1)
        edited = tomlkit.dumps(document)
        found = tomllib.loads(edited)
    except (TOMLKitError, ValueError, TypeError, AttributeError) as error:
        raise _by_hand(spot, repo) from error
    if found != _wanted(tomllib.loads(text), spot, repo, so_far):
        raise _by_hand(spot, repo)
    return edited


def _inline(repo: Repo) -> Any:
    import tomlkit  # noqa: PLC0415

    if isinstance(repo, str):
        return repo
    table = tomlkit.inline_table()
    table.update(repo)
    return table


def _wanted(
    tables: dict[str, Any], spot: Spot, repo: Repo, so_far: Sequence[Repo]
) -> Mapping[str, Any]:
    here = tables
    for key in spot.table:
        here = here.setdefault(key, {})
    here["repos"] = [*here.get("repos", so_far), repo]
    return tables


def _by_hand(spot: Spot, repo: Repo) -> EditByHand:
    from .new_file import toml  # noqa: PLC0415

    where = f" in [{dotted(spot.table)}]" if spot.table else ""
    return EditByHand(spot.file, f"{toml(repo)} to `repos`{where}")
