"""`convert`: a project's machine becomes one for a folder of code, or the other way."""

from __future__ import annotations

import sys

from invoke import Context, Exit

from .init import code_folder
from .open import open_workspace
from .verb import PROJECT, verb


@verb(
    optional=["shared"],
    help={
        "shared": "make it a machine for a folder of code: this folder, or a path",
        "alone": "make it a machine for one project, without a folder of this computer",
        "project": PROJECT,
        "yes": "change the file without asking",
    },
)
def convert(
    c: Context, shared: str = "", alone: bool = False, project: str = "", yes: bool = False
) -> None:
    """Make a project's machine one for a folder of code, or back; says what changes, and asks.

    Only your own file is changed; the next boot brings it about. No disk and no folder loses
    anything by it.
    """
    from ..check_file import check_text  # noqa: PLC0415
    from ..convert import converted, explained, to_shared  # noqa: PLC0415
    from ..giveaways import explain, giveaways  # noqa: PLC0415
    from ..host_setup import confirm  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415
    from ..text_file import read_text, replace_text  # noqa: PLC0415

    if bool(shared) == alone:
        raise Exit("say which: inv convert --shared=FOLDER, or inv convert --alone", 2)
    workspace = open_workspace(c)
    found = workspace.project(project)
    target = workspace.paths.config_file
    lines: list[str] = []
    wanted: dict[str, object] = {}
    folder = None
    if shared:
        folder, place = code_folder(workspace, shared)
        lines += explain(folder, giveaways(folder))
        wanted = to_shared(found, folder, place)
    lines += explained(found, folder)
    before = read_text(target)
    text = converted(before, target, found.name, wanted)
    if text == before:
        sys.stderr.write(f"{found.name} is so already; nothing was changed\n")
        return
    check_text(text, target, workspace.paths, is_person=True)
    sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))
    sys.stderr.flush()
    if not yes and not (sys.stdin.isatty() and confirm(f"Change [projects.{found.name}]?")):
        raise Exit("nothing was changed; to change it: add --yes", 1)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_text(target, text)
    sys.stderr.write(f"changed {target}; now: inv up --restart -p {found.name}\n")
