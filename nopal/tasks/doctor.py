"""`doctor`: what is wrong on this computer and in its machines, and what mends it."""

from __future__ import annotations

import json as json_text
import sys

from invoke import Context, Exit

from .open import open_workspace
from .verb import verb


@verb(
    help={
        "fix": "mend what can be mended without taking anything from anybody",
        "json": "print JSON",
    },
)
def doctor(c: Context, fix: bool = False, json: bool = False) -> None:
    """Look for what is wrong here and in the machine, each with its fix; exit 1 for a fault."""
    from ..doctor.examine import as_data, as_lines, examine  # noqa: PLC0415
    from ..doctor.host import host_subject, instances_of  # noqa: PLC0415

    workspace = open_workspace(c)
    instances = instances_of(workspace)
    results = []
    about = ""
    for result in examine([host_subject(workspace, instances)], mends=fix):
        results.append(result)
        if json:
            continue
        if result.about != about:
            about = result.about
            sys.stdout.write(f"{about}\n")
        for line in as_lines(result):
            sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()
    if json:
        sys.stdout.write(json_text.dumps(as_data(results), indent=2) + "\n")
    if not all(result.finding.ok for result in results):
        raise Exit(code=1)
