"""`claude`, `codex`, …, `agent`: a coding agent in a tmux session of the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from invoke import Collection, Context, Exit, Task

from profiles.catalogue import AGENTS, BuiltIn
from profiles.profile import Profile

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from profiles.agent import Agent

_HELP = {
    "project": PROJECT,
    "name": "the session's name; else the agent's, with repo and branch where they are given",
    "new": "start another session beside the ones that run",
    "prompt": "the first thing to tell the agent",
    "detach": "start the session and come back",
    "continue": "go on with the last conversation in that folder",
    "resume": "go on with the conversation of this id; without one, choose it",
    "repo": "start in this repo's clone, named by its folder in ~/code",
    "worktree": "start on this branch, in a git worktree of its own beside the clone",
}


@dataclass(frozen=True)
class Start:
    """What the flags say."""

    project: str
    name: str = ""
    new: bool = False
    prompt: str = ""
    detach: bool = False
    goes_on: bool = False
    resumes: str | None = None
    repo: str = ""
    worktree: str = ""


class Verbs(Collection):
    """The collection of all verbs: a profile that installs an agent also gets the agent's own."""

    def add_collection(
        self, coll: Any, name: str | None = None, default: bool | None = None
    ) -> None:
        """See Invoke's Collection."""
        title = _title(coll) if isinstance(coll, Profile) else ""
        if title and "start" not in coll.tasks:
            # The default task of the profile's collection: `inv claude` and `inv claude.install`.
            coll.add_task(_start_task(coll, title), name="start", default=True)
        super().add_collection(coll, name, default)


def _title(profile: Profile) -> str:
    if isinstance(profile, BuiltIn):
        return AGENTS.get(profile.label, "")  # its module stays unread
    return profile.agent.title if profile.agent else ""


def _start_task(profile: Profile, title: str) -> Task[Any]:
    def start(
        c: Context,
        project: str = "",
        name: str = "",
        new: bool = False,
        prompt: str = "",
        detach: bool = False,
        continue_: bool = False,
        resume: str = "",
        repo: str = "",
        worktree: str = "",
    ) -> None:
        resumes = _resumed(resume)
        wish = Start(project, name, new, prompt, detach, continue_, resumes, repo, worktree)
        start_agent(c, profile.label, profile.agent, wish, after_dashes(sys.argv))

    start.__name__ = profile.label
    start.__doc__ = (
        f"Stand in {title} in the machine: starts it, or attaches to where it runs.\n\n"
        f"What follows `--` goes to {profile.label} itself: inv {profile.label} -- --help\n"
    )
    return verb(help=_HELP, optional=["resume"])(start)


@verb(
    positional=["agent"],
    optional=["resume"],
    help={"agent": "the profile that installs the agent", **_HELP},
)
def agent(
    c: Context,
    agent: str,
    project: str = "",
    name: str = "",
    new: bool = False,
    prompt: str = "",
    detach: bool = False,
    continue_: bool = False,
    resume: str = "",
    repo: str = "",
    worktree: str = "",
) -> None:
    """Stand in any coding agent, by the name of its profile; one of your own, too.

    What follows `--` goes to the agent itself.
    """
    from profiles.errors import UnknownProfile  # noqa: PLC0415

    catalogue = open_workspace(c).catalogue
    found = catalogue[agent].agent if agent in catalogue else None
    if found is None:
        raise UnknownProfile(
            agent, tuple(n for n in catalogue if catalogue[n].agent), is_agent=True
        )
    resumes = _resumed(resume)
    wish = Start(project, name, new, prompt, detach, continue_, resumes, repo, worktree)
    start_agent(c, agent, found, wish, after_dashes(sys.argv))


def _resumed(value: object) -> str | None:
    # Invoke hands over True for a flag that stands without its value.
    return "" if value is True else str(value) if value else None


def start_agent(
    c: Context, profile: str, agent: Agent | None, wish: Start, words: Sequence[str] = ()
) -> None:
    """Start the agent of `profile`, or attach to it; `words` go to the agent itself."""
    from ..detach_hint import take_hint  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415
    from ..session_again import again_of  # noqa: PLC0415
    from ..sessions import Session, attach_script, detached_script, read_detached  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415
    from ..terminal import term_and_terminfo  # noqa: PLC0415

    if agent is None:
        message = f"the profile {profile} describes no agent"
        raise TypeError(message)
    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(wish.project))
    program, *arguments = agent.command(
        tuple(words),
        prompt=wish.prompt,
        goes_on=wish.goes_on,
        resumes=wish.resumes,
    )
    place = standing.place(wish.repo, wish.worktree)
    session = Session(
        name=wish.name or place.session_name(profile),
        program=program,
        directory=place.directory,
        arguments=tuple(arguments),
        new=wish.new,
        prepare=agent.prepare,
        agent=profile,
        before=place.before,
        is_prompted=bool(wish.prompt) and agent.tells,
        again=again_of(agent, words),
    )
    if not wish.detach:
        address = standing.ready(needs=profile)
        hint = take_hint(workspace.paths.home, workspace.environ)
        script = attach_script(session, *term_and_terminfo(workspace.environ), hint)
        raise Exit(code=standing.attach(script, tty=True, address=address))
    address = standing.ready_alone(needs=profile)
    status, lines = standing.ask(detached_script(session), address=address)
    answer = read_detached(lines)
    if status or answer is None:
        raise Exit(
            "\n".join([f"{program} could not be started in a session:", *map(printable, lines)]), 1
        )
    running, did = answer
    name = standing.project.name
    attach = f"inv {profile} -p {name}{place.flags}"
    if running != place.session_name(profile) or place.below:
        attach += f" --name {running}"
    sys.stderr.write(f"{name}: the session {running} is {did}; attach with: {attach}\n")


def after_dashes(argv: Sequence[str]) -> list[str]:
    """Return the arguments behind the first `--`, which Invoke hands to no task."""
    return list(argv[list(argv).index("--") + 1 :]) if "--" in argv else []
