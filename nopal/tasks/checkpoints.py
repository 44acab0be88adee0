"""`checkpoint`, `checkpoints`, `rewind`, `fork`: a machine as it was, and a second one of it."""

from __future__ import annotations

import json as json_text
import sys
import time
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from ..checkpoint_notes import Checkpoint
    from ..report import Reporter
    from ..rewind import Rewind


@verb(
    help={
        "name": "letters and digits, with single - _ . between; else it gets the time, and goes by "
        "itself when there are newer ones",
        "project": PROJECT,
        "delete": "remove the checkpoint of this name",
    },
)
def checkpoint(c: Context, name: str = "", project: str = "", delete: str = "") -> None:
    """Keep the machine as it is now, to come back to by `rewind`.

    A running machine goes on meanwhile, and its memory is kept with the disk: every process, every
    session. Of a stopped one the disk is kept.
    """
    from ..checkpoint_notes import checked  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415

    if name and delete:
        raise Exit("give a name, or --delete with one, not both", 2)
    wanted = checked(name) if name else ""
    workspace = open_workspace(c)
    (machine,) = workspace.names([project])
    with workspace.reporter(machine) as reporter:
        checkpoints = workspace.checkpoints(machine, reporter)
        if delete:
            checkpoints.delete(delete)
            reporter.say(f"the checkpoint {delete} is gone")
            return
        made, was_stopped = checkpoints.make(wanted)
        reporter.say(f"the checkpoint {made.name} holds {_content(made)}")
    if was_stopped:
        Standing(workspace, workspace.project(machine)).ready()


@verb(help={"project": PROJECT, "json": "print JSON instead of columns"})
def checkpoints(c: Context, project: str = "", json: bool = False) -> None:
    """List the machine's checkpoints: when each was made, and whether with its memory."""
    from ..checkpoint_list import as_data, as_text  # noqa: PLC0415
    from ..checkpoints import Checkpoints  # noqa: PLC0415

    workspace = open_workspace(c)
    (name,) = workspace.names([project])
    with workspace.reporter(name) as reporter:
        table = Checkpoints(workspace.machine(name, reporter)).all()
    now = int(time.time())
    text = json_text.dumps(as_data(table, now), indent=2) if json else as_text(table, now)
    sys.stdout.write(text + "\n")


@verb(
    help={
        "name": "which checkpoint; else the newest",
        "project": PROJECT,
        "yes": "do not ask",
    },
)
def rewind(c: Context, name: str = "", project: str = "", yes: bool = False) -> None:
    """Bring the machine back to a checkpoint; asks, and names what would be lost.

    A running machine goes on from that moment, with its processes and sessions, where the
    checkpoint holds its memory. Else its disk goes back, and it boots.
    """
    from ..checkpoints import Checkpoints  # noqa: PLC0415
    from ..rewind import Rewind  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415

    workspace = open_workspace(c)
    (machine,) = workspace.names([project])
    with workspace.reporter(machine) as reporter:
        kept = Checkpoints(workspace.machine(machine, reporter))
        wanted = kept.find(name)
        if not yes:
            _ask_to_rewind(Rewind(kept), wanted, reporter)
        done = Rewind(kept).to(wanted.name)
        if done.by == "memory":
            reporter.say(f"goes on from {wanted.name}")
        else:
            reporter.say(f"its disk is back at {wanted.name}")
            if wanted.is_live and not done.was_running:
                reporter.say("its memory can come back only while it runs: up, then rewind again")
    if done.by == "disk" and done.was_running:
        Standing(workspace, workspace.project(machine)).ready()


@verb(positional=["new"], help={"new": "the name of the second machine", "project": PROJECT})
def fork(c: Context, new: str, project: str = "") -> None:
    """Make a second machine that goes on from this one's disk as it is now.

    The first goes on undisturbed. The second boots, gets an identity of its own, and has the
    settings of the same project until your file has a table for it.
    """
    from ..fork import Fork  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415

    workspace = open_workspace(c)
    source = workspace.project(project)
    with workspace.reporter(new) as reporter:
        was_stopped = Fork(workspace, source, new, reporter).make()
        reporter.say(f"goes on from {source.name}, as a machine of its own: inv ssh -p {new}")
    if was_stopped:
        Standing(workspace, source).ready()


def _content(checkpoint: Checkpoint) -> str:
    from ..sizes import in_words  # noqa: PLC0415

    if not checkpoint.is_live:
        return "the disk"
    return f"the disk and {in_words(checkpoint.memory_bytes)} of memory"


def _ask_to_rewind(rewind: Rewind, wanted: Checkpoint, reporter: Reporter) -> None:
    """Tell what would be lost and go on only with a yes."""
    from ..checkpoint_list import age  # noqa: PLC0415
    from ..host_setup import confirm  # noqa: PLC0415

    machine = rewind.machine.name
    lost = rewind.what_would_be_lost(wanted)
    if lost is None:
        reporter.say("cannot be asked what it has since: it does not answer")
    elif not lost:
        reporter.say("has no commit and no changed file in ~/code since")
    for work in lost or ():
        reporter.say(f"would lose {work}")
    if not sys.stdin.isatty():
        again = f"inv rewind --name {wanted.name} --yes -p {machine}"
        raise Exit(f"not rewound; to do it without being asked: {again}", 1)
    ago = age(int(time.time()) - wanted.made)
    if not confirm(f"bring {machine} back to {wanted.name}, made {ago} ago?"):
        raise Exit("not rewound", 1)
