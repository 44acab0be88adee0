"""`ls` and `profiles`: what there is."""

from __future__ import annotations

import json as json_text
import sys

from invoke import Context

from .open import open_workspace
from .verb import verb

_JSON = "print JSON instead of columns"


@verb(help={"json": _JSON})
def ls(c: Context, json: bool = False) -> None:
    """List the machines: state, CPUs, memory, disk in use, ports, profiles; and orphans."""
    from ..listing import as_data, as_text, rows  # noqa: PLC0415
    from ..load import project_names  # noqa: PLC0415
    from ..orphans import name_in, person_projects, why_orphaned  # noqa: PLC0415

    workspace = open_workspace(c)
    known = person_projects(workspace.paths)
    table = rows(
        workspace.driver,
        workspace.states,
        project_names(workspace.paths),
        lambda state: why_orphaned(state, known, name_in),
    )
    sys.stdout.write((json_text.dumps(as_data(table), indent=2) if json else as_text(table)) + "\n")


@verb(name="profiles", help={"json": _JSON})
def list_profiles(c: Context, json: bool = False) -> None:
    """Describe the profiles: what each puts into a machine, what it needs, where it is from."""
    from ..profile_docs import as_data, as_text  # noqa: PLC0415

    catalogue = open_workspace(c).catalogue
    sys.stdout.write(
        (json_text.dumps(as_data(catalogue), indent=2) if json else as_text(catalogue)) + "\n"
    )
