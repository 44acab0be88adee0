"""`adopt`: taking a machine over as it is."""

from __future__ import annotations

from invoke import Context

from .open import open_workspace
from .verb import verb


@verb(
    positional=["machine"],
    help={
        "machine": "the machine's name, as `ls` shows it",
        "project": "the project whose machine it becomes; else the one of the same name",
    },
)
def adopt(c: Context, machine: str, project: str = "") -> None:
    """Take a machine over as it is: one without a project, or with another host key.

    A machine whose project was renamed gets the new name; it is stopped for that. The host key that
    it shows next is pinned: do this only where you know why it is another one.
    """
    from ..adopt import Adoption  # noqa: PLC0415

    workspace = open_workspace(c)
    heir = workspace.project(project or machine)
    with workspace.reporter(heir.name) as reporter:
        owner = str(heir.repo_root) if heir.repo_root else ""
        Adoption(
            workspace.machine(machine, reporter), workspace.machine(heir.name, reporter), owner
        ).make()
        reporter.say(f"the machine is this project's now; go on with: inv up -p {heir.name}")
