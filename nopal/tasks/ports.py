"""`ports` and `open`: what listens in a machine, and how this computer gets at it."""

from __future__ import annotations

import json as json_text
import os
import sys

from invoke import Context

from .open import open_workspace
from .verb import PROJECT, verb


@verb(name="ports", help={"project": PROJECT, "json": "print JSON instead of columns"})
def list_ports(c: Context, project: str = "", json: bool = False) -> None:
    """List who listens in the machine, where that is on this computer, who else wanted it."""
    from ..port_look import port_rows  # noqa: PLC0415
    from ..port_table import as_data, as_text  # noqa: PLC0415

    workspace = open_workspace(c)
    (name,) = workspace.names([project] if project else [])
    with workspace.reporter(name) as reporter:
        table = port_rows(workspace.machine(name, reporter))
    sys.stdout.write((json_text.dumps(as_data(table), indent=2) if json else as_text(table)) + "\n")


@verb(
    name="open",
    help={
        "project": PROJECT,
        "port": "the machine's port; else the only one that is on this computer",
        "print": "only print the URL",
    },
)
def open_port(c: Context, project: str = "", port: int = 0, print: bool = False) -> None:
    """Open a port of the machine in the browser, or print its URL where there is none."""
    import platform  # noqa: PLC0415 - a listing needs neither of these
    import shutil  # noqa: PLC0415

    from ..browser import browser_command, choose, open_in_browser  # noqa: PLC0415
    from ..port_look import ports_here  # noqa: PLC0415

    workspace = open_workspace(c)
    (name,) = workspace.names([project] if project else [])
    row = choose(name, ports_here(workspace.driver, name).rows(), port)
    program = browser_command(
        workspace.environ, platform.system(), shutil.which, is_root=os.geteuid() == 0
    )
    sys.stdout.write(f"{row.url}\n")
    if program and not print:
        open_in_browser(program, row.url)
