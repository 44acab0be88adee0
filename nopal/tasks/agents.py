"""`claude`, `codex`: an agent in a tmux session of the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

_HELP = {
    "project": PROJECT,
    "name": "the session's name; else the agent's",
    "new": "start another session beside the ones that run",
    "prompt": "the first thing to tell the agent",
    "detach": "start the session and come back",
}


@verb(help=_HELP)
def claude(
    c: Context,
    project: str = "",
    name: str = "",
    new: bool = False,
    prompt: str = "",
    detach: bool = False,
) -> None:
    """Stand in Claude Code in the machine: starts it, or attaches to where it runs.

    What follows `--` goes to claude itself: inv claude -- --model opus
    """
    _start(c, "claude", project, name, new, prompt, detach)


@verb(help=_HELP)
def codex(
    c: Context,
    project: str = "",
    name: str = "",
    new: bool = False,
    prompt: str = "",
    detach: bool = False,
) -> None:
    """Stand in Codex in the machine: starts it, or attaches to where it runs.

    What follows `--` goes to codex itself: inv codex -- --model gpt-5
    """
    _start(c, "codex", project, name, new, prompt, detach)


def _start(
    c: Context, program: str, project: str, name: str, new: bool, prompt: str, detach: bool
) -> None:
    from ..screen import printable  # noqa: PLC0415
    from ..sessions import Session, attach_script, detached_script, read_detached  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415
    from ..terminal import term_and_terminfo  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    # Behind `--` a prompt that begins with a dash is no option of the agent.
    arguments = [*after_dashes(sys.argv), *(["--", prompt] if prompt else [])]
    session = Session(
        name=name or program,
        program=program,
        directory=standing.directory,
        arguments=tuple(arguments),
        new=new,
    )
    address = standing.ready(needs=program)
    if not detach:
        script = attach_script(session, *term_and_terminfo(workspace.environ))
        raise Exit(code=standing.attach(script, tty=True, address=address))
    status, lines = standing.ask(detached_script(session), address=address)
    answer = read_detached(lines)
    if status or answer is None:
        raise Exit(
            "\n".join([f"{program} could not be started in a session:", *map(printable, lines)]), 1
        )
    running, did = answer
    name = standing.project.name
    attach = f"inv {program} -p {name}" + (f" --name {running}" if running != program else "")
    sys.stderr.write(f"{name}: the session {running} is {did}; attach with: {attach}\n")


def after_dashes(argv: Sequence[str]) -> list[str]:
    """Return the arguments behind the first `--`, which Invoke hands to no task."""
    return list(argv[list(argv).index("--") + 1 :]) if "--" in argv else []
