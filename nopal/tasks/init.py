"""`init`: a project file for the repo one stands in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import verb

if TYPE_CHECKING:
    from ..devcontainer import Adoption
    from ..workspace import Workspace


@verb(
    optional=["from_devcontainer"],
    help={
        "name": "the project's name; else the folder's",
        "from-devcontainer": "take over what a devcontainer.json asks for; its path, if need be",
        "yes": "write the file without asking",
    },
)
def init(c: Context, name: str = "", from_devcontainer: str = "", yes: bool = False) -> None:
    """Write a .nopal.toml for this repo; shows it and asks first."""
    from ..host_setup import confirm  # noqa: PLC0415
    from ..new_file import repo_file  # noqa: PLC0415
    from ..resolve import REPO_FILE, find_repo_root, suggest_name  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415

    workspace = open_workspace(c)
    root = find_repo_root(workspace.cwd)
    if root is None:
        raise Exit("no git repo is here; `inv up` makes the machine `default` without a file", 2)
    name = name or suggest_name(root.name)
    text = repo_file(name)
    if from_devcontainer:
        adoption = _adopted(root, from_devcontainer)
        text = repo_file(
            name,
            profiles=adoption.profiles,
            ports=adoption.ports,
            options=adoption.options,
        )
        sys.stderr.write("".join(f"not taken over: {left}\n" for left in adoption.left_out))
    target = root / REPO_FILE
    _check(workspace, target, name, text)
    sys.stdout.write("".join(f"{printable(line)}\n" for line in text.splitlines()))
    sys.stdout.flush()
    if target.is_symlink() or target.exists():
        raise Exit(f"{target} is there already: it stays as it is", 1)
    if not yes and not (sys.stdin.isatty() and confirm(f"Write this to {target}?")):
        raise Exit("nothing was written; to write it: add --yes", 1)
    with target.open("x", encoding="utf-8") as file:
        file.write(text)
    sys.stderr.write(f"wrote {target}; now: inv up\n")


def _adopted(root: Path, given: object) -> Adoption:
    from ..devcontainer import PLACES, adopt, parse  # noqa: PLC0415
    from ..project_file import read_bytes  # noqa: PLC0415

    # Invoke gives True for a flag without its value.
    paths = [Path(given)] if isinstance(given, str) else [root / place for place in PLACES]
    for path in paths:
        data = read_bytes(path, follows_links=False)
        if data is not None:
            return adopt(parse(path, data.decode("utf-8", errors="replace")))
    raise Exit(f"there is no {' and no '.join(map(str, paths))}", 2)


def _check(workspace: Workspace, target: Path, name: str, text: str) -> None:
    """Refuse a text that `up` would refuse. Raises ProjectFaults or ProfileError."""
    from ..errors import BadName, Place, ProjectFaults  # noqa: PLC0415
    from ..layers import Reader  # noqa: PLC0415
    from ..names import DEFAULT_NAME, name_problem  # noqa: PLC0415
    from ..project_file import parse_toml  # noqa: PLC0415

    file = parse_toml(target, text.encode())
    reader = Reader(workspace.paths.config_file, workspace.paths.user_home)
    options = file.tables.get("options", {})
    reader.repo_layer(file)
    problem = name_problem(name, workspace.paths.lima.home)
    if name == DEFAULT_NAME:
        problem = "that machine belongs to no repo"
    if problem:
        reader.faults.append(BadName(Place(), name, problem))
    faults = (*file.faults, *reader.faults)
    if faults:
        raise ProjectFaults(faults)
    if isinstance(options, dict):
        for profile, values in options.items():
            workspace.catalogue[profile].read_options(values)
