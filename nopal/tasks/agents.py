"""`claude`, `codex`, …: a coding agent in a tmux session of the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invoke import Context, Exit, Task

from .open import open_workspace
from .verb import PROJECT, verb

_HELP = {
    "project": PROJECT,
    "name": "the session's name; else the agent's",
    "new": "start another session beside the ones that run",
    "prompt": "the first thing to tell the agent",
    "detach": "start the session and come back",
}


@dataclass(frozen=True)
class Agent:
    """How a coding agent is started; the profile that installs it has the program's name."""

    program: str
    title: str
    example: str
    """Arguments of its own, for the help."""
    prompt_flag: str
    """What a first prompt is given by; `--` where it is an argument; empty where it can't be."""

    def told(self, prompt: str) -> tuple[str, ...]:
        """Return the arguments by which it starts with `prompt`."""
        if not prompt:
            return ()
        if not self.prompt_flag:
            message = f"{self.program} takes no first prompt: start it without --prompt and type"
            raise Exit(message, 2)
        # Either way a prompt that begins with a dash is no option of the agent.
        return ("--", prompt) if self.prompt_flag == "--" else (f"{self.prompt_flag}={prompt}",)


AGENTS = (
    Agent("claude", "Claude Code", "--model opus", prompt_flag="--"),
    Agent("codex", "Codex", "--model gpt-5", prompt_flag="--"),
    Agent("opencode", "opencode", "--continue", prompt_flag="--prompt"),
    Agent("gemini", "Gemini", "--resume", prompt_flag="--prompt-interactive"),
    Agent("aider", "aider", "--model sonnet", prompt_flag=""),
)


def start_task(agent: Agent) -> Task[Any]:
    """Return the verb that starts `agent`."""

    def start(
        c: Context,
        project: str = "",
        name: str = "",
        new: bool = False,
        prompt: str = "",
        detach: bool = False,
    ) -> None:
        _start(c, agent, project, name, new, prompt, detach)

    start.__name__ = agent.program
    start.__doc__ = (
        f"Stand in {agent.title} in the machine: starts it, or attaches to where it runs.\n\n"
        f"What follows `--` goes to {agent.program} itself:"
        f" inv {agent.program} -- {agent.example}\n"
    )
    return verb(help=_HELP)(start)


def _start(
    c: Context, agent: Agent, project: str, name: str, new: bool, prompt: str, detach: bool
) -> None:
    from ..screen import printable  # noqa: PLC0415
    from ..sessions import Session, attach_script, detached_script, read_detached  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415
    from ..terminal import term_and_terminfo  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    program = agent.program
    arguments = [*after_dashes(sys.argv), *agent.told(prompt)]
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
    if standing.project.checkpoint == "detached":
        address = standing.keep()
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
