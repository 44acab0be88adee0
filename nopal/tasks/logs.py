"""`logs`: what was written about a machine."""

from __future__ import annotations

import os
import sys

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb


@verb(
    iterable=["source"],
    help={
        "project": PROJECT,
        "source": "just this log: converge, boot, hostagent or serial; may be given more than once",
        "lines": "how many of the last lines of each (20; 0: all)",
        "follow": "go on showing what is written, until Ctrl-C",
    },
)
def logs(
    c: Context,
    project: str = "",
    source: list[str] | None = None,
    lines: int = 20,
    follow: bool = False,
) -> None:
    """Show the logs of a machine: nopal's own, its boot, Lima's agent, its console."""
    from ..logs import logs as logs_of  # noqa: PLC0415
    from ..logs import show  # noqa: PLC0415
    from ..workspace import split_names  # noqa: PLC0415

    workspace = open_workspace(c)
    (name,) = workspace.names([project] if project else [])
    if lines < 0:
        raise Exit("--lines is a number from 0", 2)
    wanted = logs_of(
        workspace.paths.logs / f"{name}.log",
        workspace.paths.lima.instance(name),
        split_names(source or ()),
    )
    try:
        for line in show(wanted, lines, follows=follow):
            sys.stdout.write(line + "\n")
            if follow:
                sys.stdout.flush()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has had enough, as `head` has; Python would say so once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
