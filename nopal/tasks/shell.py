"""`ssh`, `run` and `stand`: standing in a machine, and a shell function that does it."""

from __future__ import annotations

import sys

from invoke import Context, Exit

from .agents import Start, after_dashes, start_agent
from .open import open_workspace
from .verb import PROJECT, verb

_DIR = "where to start in the machine; else where you stand, or the project's directory"


@verb(help={"project": PROJECT, "dir": _DIR})
def ssh(c: Context, project: str = "", dir: str = "") -> None:
    """Open a login shell in the machine, in the project's directory; brings it up if needed.

    In a folder of this computer that the machine has mounted, it opens in that same folder.
    """
    from ..login_shell import login_script  # noqa: PLC0415
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
    from ..login_shell import command_script  # noqa: PLC0415
    from ..standing import Standing, is_terminal  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    if not dir:
        standing.say_where()
    # What is meant for one folder must not run in another.
    required = bool(dir) or standing.is_same_place
    script = command_script(command, dir or standing.directory, required=required)
    raise Exit(code=standing.run(script, tty=is_terminal()))


@verb(help={"project": PROJECT})
def stand(c: Context, project: str = "") -> None:
    """Stand in the machine where you stand here, to do what follows `--`; the shell, if nothing.

    An agent's name alone opens its session, as `inv claude` does. All else is run just as it is
    typed, each word for itself: inv stand -- npm test
    """
    from ..login_shell import words_script  # noqa: PLC0415
    from ..standing import Standing, is_terminal  # noqa: PLC0415

    words = after_dashes(sys.argv)
    if not words:
        ssh.body(c, project)
        return
    workspace = open_workspace(c)
    found = workspace.project(project)
    if len(words) == 1 and words[0] in found.profiles:
        agent = workspace.catalogue[words[0]].agent
        if agent is not None:
            start_agent(c, words[0], agent, Start(found.name))
            return
    standing = Standing(workspace, found)
    standing.say_where()
    script = words_script(words, standing.directory, required=standing.is_same_place)
    raise Exit(code=standing.run(script, tty=is_terminal()))


@verb(
    positional=["shell"],
    help={
        "shell": "bash, zsh or fish",
        "name": "what to call the function",
        "project": "the project it stands in; else your shared machine",
    },
)
def shellenv(c: Context, shell: str, name: str = "nm", project: str = "") -> None:
    """Print a shell function that does one thing in the machine from any folder: `nm npm test`.

    For the file that your shell reads when it starts: eval "$(nopal shellenv zsh)"
    """
    from ..shellenv import function, only_shared  # noqa: PLC0415

    workspace = open_workspace(c)
    project = project or only_shared(workspace.shared_names(), workspace.paths.config_file)
    sys.stdout.write(function(shell, name, workspace.project(project).name))
