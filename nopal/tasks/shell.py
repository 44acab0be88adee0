"""`ssh` and `run`: standing in a machine."""

from __future__ import annotations

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

_DIR = "where to start in the machine; else where you stand, or the project's directory"


@verb(help={"project": PROJECT, "dir": _DIR})
def ssh(c: Context, project: str = "", dir: str = "") -> None:
    """Open a login shell in the machine, in the project's directory; brings it up if needed.

    In a folder of this computer that the machine has mounted, it opens in that same folder.
    """
    from ..sessions import login_script  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415
    from ..terminal import term_and_terminfo  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    if not dir:
        standing.say_where()
    script = login_script(
        dir or standing.directory,
        *term_and_terminfo(workspace.environ),
        is_expected=standing.is_same_place,
    )
    raise Exit(code=standing.attach(script, tty=True))


@verb(
    positional=["command"],
    help={"command": "a shell command, in quotes", "project": PROJECT, "dir": _DIR},
)
def run(c: Context, command: str, project: str = "", dir: str = "") -> None:
    """Run a command in the machine; its exit status becomes this one's."""
    from ..sessions import command_script  # noqa: PLC0415
    from ..standing import Standing, is_terminal  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    if not dir:
        standing.say_where()
    # What is meant for one folder must not run in another.
    required = bool(dir) or standing.is_same_place
    script = command_script(command, dir or standing.directory, required=required)
    raise Exit(code=standing.run(script, tty=is_terminal()))
