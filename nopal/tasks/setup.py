"""`setup`: what this computer needs."""

from __future__ import annotations

import json as json_text
import sys

from invoke import Context, Exit

from .open import open_workspace
from .verb import verb


@verb(
    help={
        "yes": "install without asking",
        "check": "only list what is missing; exit 2 when something is",
        "json": "with --check: print JSON",
    }
)
def setup(c: Context, yes: bool = False, check: bool = False, json: bool = False) -> None:
    """Install what this computer lacks to run machines: QEMU, Lima, an image."""
    from lima.host import detect  # noqa: PLC0415
    from lima.images import catalogue  # noqa: PLC0415

    from ..host_setup import HostSetup  # noqa: PLC0415

    workspace = open_workspace(c)
    image = catalogue("debian-13", detect().machine)
    host = HostSetup(workspace, [image], may_install=yes)
    if not check:
        host()
        workspace.screen.line("this computer has all that machines need")
        return
    missing = host.missing()
    lacking = [{"name": r.name, "why": r.why, "command": r.command} for r in missing]
    if json:
        sys.stdout.write(json_text.dumps(lacking, indent=2) + "\n")
    else:
        for one in missing:
            sys.stdout.write(f"{one.name} ({one.why}): {one.command}\n")
    if missing:
        raise Exit(code=2)
