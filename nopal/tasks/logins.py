"""`login`, `logout`, `logins`: the logins of agents, kept here and given to chosen machines."""

from __future__ import annotations

import json as json_text
import sys
import time
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import verb

if TYPE_CHECKING:
    from profiles.login import Login

    from ..workspace import Workspace

_LONGEST = 100 * 1024
_NAME = 'your name for the login, as `agents = {claude = "NAME"}` has it'


@verb(
    positional=["agent"],
    help={
        "agent": "claude, codex, gh, or another profile that describes logins",
        "name": _NAME,
        "project": "run the agent's own login in this project's machine; else here",
        "file": "read the login from this file of yours",
        "reference": "leave it where it is, such as op://Work/claude/key, and fetch it there",
        "plain_file": "keep it in a file that only you may read, in place of the keyring",
        "expires": "the day on which it ends, such as 2027-01-31, where you know it",
    },
)
def login(
    c: Context,
    agent: str,
    name: str = "personal",
    project: str = "",
    file: str = "",
    reference: str = "",
    plain_file: bool = False,
    expires: str = "",
) -> None:
    """Keep an agent's login on this computer, for the machines of chosen projects.

    Without a terminal it is read from standard input. It is never an argument.
    """
    from .. import login_reach  # noqa: PLC0415

    workspace = open_workspace(c)
    kinds = _kinds(workspace, agent)
    ends_at = _day(expires)
    if reference:
        if file or plain_file:
            raise Exit("a --reference is neither read from a file nor kept in one", 2)
        from ..login_fetch import kind_at  # noqa: PLC0415

        kind, text = kind_at(reference, kinds, workspace.tools), ""
    else:
        kind, text = _given(workspace, agent, kinds, file, project)
    kept = workspace.logins.keep(
        agent, name, kind, text, plain=plain_file, expires=ends_at, reference=reference
    )
    where = reference or ("a file that only you may read" if plain_file else "the keyring")
    stays = "stays in" if reference else "is kept in"
    workspace.screen.line(f"{kept.label}: {kind.title} {stays} {where}")
    chosen = login_reach.chosen_by(workspace, kept)
    if not chosen:
        workspace.screen.line(
            f'no project gets it so far; to give it: agents = {{{agent} = "{name}"}}'
            f" under [projects.NAME] in {workspace.paths.config_file}"
        )
    login_reach.give(workspace, chosen)


@verb(positional=["agent"], help={"agent": "the agent it logs in", "name": _NAME})
def logout(c: Context, agent: str, name: str = "personal") -> None:
    """Forget a login, here and in the memory of every machine that runs.

    What an agent has in its environment already stays there until it ends.
    """
    from .. import login_reach  # noqa: PLC0415

    workspace = open_workspace(c)
    kept = workspace.logins.find(agent, name)
    if kept is not None:
        workspace.logins.forget(kept)
    left = login_reach.take(workspace, f"{agent}/{name}")
    if kept is None and not left:
        known = ", ".join(one.label for one in workspace.logins.all()) or "none"
        raise Exit(f"no login {name} of {agent} is kept here (kept: {known})", 2)
    also = f" and by {', '.join(left)}" if left else ""
    workspace.screen.line(f"{agent}/{name}: forgotten here{also}; agents that run keep it until")
    workspace.screen.line("they end, and it stays good: take it back where it was made, too")


@verb(help={"json": "print JSON instead of columns"})
def logins(c: Context, json: bool = False) -> None:
    """List the logins that are kept here, when they end, and which projects get them."""
    from .. import login_reach  # noqa: PLC0415
    from ..login_list import as_data, as_text  # noqa: PLC0415

    workspace = open_workspace(c)
    kept = workspace.logins.all()
    every = login_reach.projects(workspace) if kept else ()
    chosen = {
        one.label: [p.name for p in every if p.agents.get(one.agent) == one.name] for one in kept
    }
    text = (
        json_text.dumps(as_data(kept, chosen), indent=2)
        if json
        else as_text(kept, chosen, time.time())
    )
    sys.stdout.write(f"{text}\n")


def _kinds(workspace: Workspace, agent: str) -> tuple[Login, ...]:
    from profiles.errors import UnknownProfile  # noqa: PLC0415

    catalogue = workspace.catalogue
    if agent not in catalogue:
        raise UnknownProfile(agent, tuple(catalogue))
    kinds = catalogue[agent].logins
    if not kinds:
        raise Exit(
            f"the profile {agent} describes no login\n"
            f"  give its variables as secrets: [projects.NAME.secrets]",
            2,
        )
    return kinds


def _given(
    workspace: Workspace, agent: str, kinds: tuple[Login, ...], file: str, project: str
) -> tuple[Login, str]:
    """Return what the person gives, and which kind of login it is."""
    asks = not file and sys.stdin.isatty()
    text = (_guided(workspace, kinds, project).strip() if asks else "") or _text(agent, file)
    kind = next((one for one in kinds if one.fits(text)), None)
    if kind is None:
        wanted = " or ".join(one.title for one in kinds)
        raise Exit(f"that does not look like {wanted}; nothing was kept", 2)
    return kind, text


def _guided(workspace: Workspace, kinds: tuple[Login, ...], project: str) -> str:
    """Tell how to come by a login, run the agent's own, and return what that leaves, if anything.

    Where the program is neither here nor asked for in a machine, telling is all.
    """
    from ..login_flow import run_here, run_there  # noqa: PLC0415

    for kind in kinds:
        workspace.screen.line(f"{kind.title}: {kind.how}")
    own = next((kind for kind in kinds if kind.command), None)
    if own is None:
        return ""
    if not project:
        return run_here(own, workspace.environ)
    from ..standing import Standing  # noqa: PLC0415

    return run_there(own, Standing(workspace, workspace.project(project)))


def _text(agent: str, file: str) -> str:
    if file:
        from pathlib import Path  # noqa: PLC0415

        with Path(file).expanduser().open(encoding="utf-8") as opened:
            text = opened.read(_LONGEST)
    elif sys.stdin.isatty():
        import getpass  # noqa: PLC0415

        text = getpass.getpass(f"the login for {agent}, pasted (it is not shown): ")
    else:
        text = sys.stdin.read(_LONGEST)
    return text.strip()


def _day(text: str) -> int | None:
    from datetime import datetime, timezone  # noqa: PLC0415

    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Exit(f"`{text}` is no day; write it as 2027-01-31", 2) from None
    return int(day.timestamp())
