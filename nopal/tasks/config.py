"""`config`: every value of a project and where it came from."""

from __future__ import annotations

import json as json_text
import sys

from invoke import Context

from .open import open_workspace
from .verb import PROJECT, verb


@verb(
    help={
        "project": PROJECT,
        "json": "print JSON instead of columns",
        "schema": "print the JSON schemas of projects.toml and .nopal.toml, for editors",
    }
)
def config(c: Context, project: str = "", json: bool = False, schema: bool = False) -> None:
    """Show every effective value of the project, and the file and line it came from."""
    from .. import json_schema, show_config  # noqa: PLC0415

    if schema:
        schemas = {
            "projects.toml": json_schema.for_person(),
            ".nopal.toml": json_schema.for_repo(),
        }
        sys.stdout.write(json_text.dumps(schemas, indent=2) + "\n")
        return
    workspace = open_workspace(c)
    wanted = workspace.project(project)
    if json:
        text = json_text.dumps(show_config.as_data(wanted), indent=2)
    else:
        text = show_config.as_text(wanted, user_home=workspace.paths.user_home)
    sys.stdout.write(text.rstrip("\n") + "\n")
