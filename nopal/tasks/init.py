"""`init`: a project file for the repo one stands in, or a machine for a folder of code."""

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
    optional=["from_devcontainer", "shared"],
    help={
        "name": "the project's name; else the folder's",
        "from-devcontainer": "take over what a devcontainer.json asks for; its path, if need be",
        "shared": "add a machine for a folder of code to your own file: this folder, or a path",
        "yes": "write the file without asking",
    },
)
def init(
    c: Context,
    name: str = "",
    from_devcontainer: str = "",
    shared: str = "",
    yes: bool = False,
) -> None:
    """Write a .nopal.toml for this repo; shows it and asks first.

    With --shared it adds a machine for a folder of code to your own file, and says before what that
    gives to the machine.
    """
    from ..host_setup import confirm  # noqa: PLC0415
    from ..new_file import repo_file  # noqa: PLC0415
    from ..resolve import REPO_FILE, find_repo_root, suggest_name  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415

    workspace = open_workspace(c)
    if shared:
        _add_shared(workspace, name or "dev", shared, yes=yes)
        return
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


def code_folder(workspace: Workspace, given: object) -> tuple[Path, str]:
    """Return the folder that a flag names, or the one stood in, and how a file writes it.

    Raises Exit: it cannot be mounted, or holds all that the person has.
    """
    from lima.spec import is_mount_point  # noqa: PLC0415

    from ..screen import printable  # noqa: PLC0415

    home = workspace.paths.user_home
    # Invoke gives True for a flag without its value.
    below = Path(given).expanduser() if isinstance(given, str) else Path()
    folder = (workspace.cwd / below).resolve()
    if not folder.is_dir():
        raise Exit(f"there is no folder {printable(str(folder))}", 2)
    if home.resolve().is_relative_to(folder):
        raise Exit(f"{folder} holds your whole home, keys and all: give the folder of your code", 2)
    if not is_mount_point(str(folder)):
        shown = printable(str(folder))
        raise Exit(
            f"no machine can have {shown}: use letters, digits and . _ @ + = - in its path", 2
        )
    place = f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)
    return folder, place


def _add_shared(workspace: Workspace, name: str, given: object, *, yes: bool) -> None:
    from ..check_file import check_text  # noqa: PLC0415
    from ..giveaways import explain, giveaways  # noqa: PLC0415
    from ..host_setup import confirm  # noqa: PLC0415
    from ..load import project_names  # noqa: PLC0415
    from ..new_file import shared_table  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415
    from ..text_file import read_text, replace_text  # noqa: PLC0415

    target = workspace.paths.config_file
    folder, place = code_folder(workspace, given)
    before = read_text(target)
    if name in project_names(workspace.paths):
        raise Exit(f"[projects.{name}] is there already in {target}: give another --name", 1)
    table = shared_table(name, f"{place}:rw")
    text = f"{before.rstrip()}\n\n{table}" if before.strip() else table
    check_text(text, target, workspace.paths, is_person=True)
    lines = explain(folder, giveaways(folder))
    sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))
    sys.stdout.write(table)
    sys.stdout.flush()
    if not yes and not (sys.stdin.isatty() and confirm(f"Add this to {target}?")):
        raise Exit("nothing was written; to write it: add --yes", 1)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_text(target, text)
    sys.stderr.write(f"added to {target}; now: inv up -p {name}\n")


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
