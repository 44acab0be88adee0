"""`nmlocal` and `nmstatus`: folders of a mounted project that are the machine's own."""

from __future__ import annotations

import sys

from invoke import Context, Exit

from .agents import after_dashes
from .open import open_workspace
from .verb import PROJECT, verb


@verb(
    help={
        "auto": "what the lock files here and below ask for: node_modules, .venv, target, .next",
        "off": "give the host's folder back; what is in the machine's own is kept",
        "moved-from": "begin with what was the machine's own at this folder, which was moved",
        "project": PROJECT,
    },
)
def nmlocal(
    c: Context,
    auto: bool = False,
    off: bool = False,
    moved_from: str = "",
    project: str = "",
) -> None:
    """Give folders here, named after `--`, a place on the machine's own disk; else node_modules.

    The machine then sees its own in their place: what is installed there suits its system, and
    works at the speed of its disk. This computer's stay as they are.
    """
    words = ["nmlocal"]
    words += ["--auto"] if auto else []
    words += ["--off"] if off else []
    words += [f"--moved-from={moved_from}"] if moved_from else []
    _type(c, [*words, "--", *after_dashes(sys.argv)], project)


@verb(help={"json": "as JSON", "project": PROJECT})
def nmstatus(c: Context, json: bool = False, project: str = "") -> None:
    """List the folders of a mounted project that are the machine's own, with their size."""
    _type(c, ["nmstatus", *(["--json"] if json else [])], project, required=False)


def _type(c: Context, words: list[str], project: str, *, required: bool = True) -> None:
    """Type `words` in the machine, in the folder that one stands in."""
    from ..login_shell import words_script  # noqa: PLC0415
    from ..standing import NotMounted, Standing  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    if required and not standing.is_same_place:
        raise NotMounted(standing.project.name, str(workspace.cwd))
    directory = standing.directory if standing.is_same_place else "~"
    raise Exit(code=standing.run(words_script(words, directory, required=required), tty=False))
