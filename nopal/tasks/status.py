"""`status`: one machine in depth."""

from __future__ import annotations

import json as json_text
import sys

from invoke import Context

from .open import open_workspace
from .verb import PROJECT, verb


@verb(help={"project": PROJECT, "json": "print JSON"})
def status(c: Context, project: str = "", json: bool = False) -> None:
    """Show one machine in depth: state, disk, golden, versions, ports, agents, keys, drift."""
    from ..status.machine import status as status_of  # noqa: PLC0415
    from ..status.section import as_data, as_text  # noqa: PLC0415

    workspace = open_workspace(c)
    (name,) = workspace.names([project] if project else [])
    looking = workspace.screen.activity(f"{name}: looking", tells_end=False)
    with workspace.reporter(name) as reporter, looking:
        sections = status_of(workspace, workspace.machine(name, reporter))
    if json:
        text = json_text.dumps(as_data(name, sections), indent=2)
    else:
        text = f"{name}\n{as_text(sections)}"
    sys.stdout.write(text + "\n")
