"""`bake`, `df`, `prune`: golden machines, and the space that everything takes."""

from __future__ import annotations

import json as json_text
import sys
import time
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECTS, verb

if TYPE_CHECKING:
    from ..workspace import Workspace

_DAY_S = 24 * 60 * 60
_JSON = "print JSON instead of columns"


@verb(
    iterable=["project"],
    help={
        "project": PROJECTS,
        "refresh": "make it anew though there is one, with today's packages",
        "list": "list the golden machines there are",
        "json": "with --list: print JSON instead of columns",
    },
)
def bake(
    c: Context,
    project: list[str] | None = None,
    refresh: bool = False,
    list: bool = False,
    json: bool = False,
) -> None:
    """Make the golden machine from which new machines of the project begin.

    `up` does it on the way where there is none. It holds the project's image and profiles, and
    nothing that is anyone's: no repo, no identity, no key.
    """
    workspace = open_workspace(c)
    if list:
        _list_goldens(workspace, as_json=json)
        return
    from ..golden import golden_wish  # noqa: PLC0415
    from ..host_setup import HostSetup  # noqa: PLC0415

    for wanted in workspace.projects(project or ()):
        wish = golden_wish(workspace, wanted)
        HostSetup(workspace, [wish.spec.image], may_install=False)()
        with workspace.reporter(wanted.name) as reporter:
            golden = workspace.bakery(reporter).bake(wish, refresh=refresh)
            reporter.tell(f"begins from golden machine {golden.key} of {golden.made}")


@verb(help={"json": _JSON})
def df(c: Context, json: bool = False) -> None:
    """Show the disk space that machines, golden machines, images and logs take."""
    from ..checkpoint_notes import NoteStore  # noqa: PLC0415
    from ..storage import as_data, as_text, items  # noqa: PLC0415

    workspace = open_workspace(c)
    paths = workspace.paths
    kept = NoteStore(workspace.states.checkpoints).names()
    table = items(workspace.driver, _wanted(workspace), paths.lima.images, paths.logs, kept=kept)
    sys.stdout.write((json_text.dumps(as_data(table), indent=2) if json else as_text(table)) + "\n")


@verb(
    help={
        "all": "every golden machine, not only those that no project begins from",
        "unused-for": "in place of those: golden machines that none began from for so many days",
        "dry-run": "only say what would go",
    }
)
def prune(c: Context, all: bool = False, unused_for: int = 0, dry_run: bool = False) -> None:
    """Remove golden machines and images of no use, and what killed commands left.

    No machine loses anything: one that began from a golden keeps what it needs of it.
    """
    from ..half_forks import half_forks  # noqa: PLC0415
    from ..prune import Pruner  # noqa: PLC0415

    workspace = open_workspace(c)
    if unused_for < 0 or (all and unused_for):
        raise Exit("--unused-for is a number of days, and in place of --all", 2)
    keep: tuple[str, ...] = ()
    if unused_for:
        keep = _used_within(workspace, unused_for)
    elif not all:
        keep = _wanted(workspace)
    with workspace.reporter("prune") as reporter:
        pruner = Pruner(
            workspace.driver,
            lambda name: workspace.machine(name, reporter),
            half_forks(workspace.states),
            workspace.paths.lima.images,
            dry_run=dry_run,
        )
        gone = (*pruner.prune(keep), *workspace.keys.prune(dry_run=dry_run))
    for line in gone:
        sys.stdout.write(f"{'would remove' if dry_run else 'removed'} {line}\n")
    if not gone:
        sys.stdout.write("there is nothing to remove\n")


def _list_goldens(workspace: Workspace, *, as_json: bool) -> None:
    from ..storage import as_data, as_text, items  # noqa: PLC0415

    paths = workspace.paths
    table = items(workspace.driver, _wanted(workspace), paths.lima.images, paths.logs)
    goldens = [item for item in table if item.kind == "golden"]
    if as_json:
        text = json_text.dumps(as_data(goldens), indent=2)
    else:
        text = as_text(goldens) if goldens else "there is no golden machine"
    sys.stdout.write(text + "\n")


def _used_within(workspace: Workspace, days: int) -> tuple[str, ...]:
    """Return the keys of the goldens from which a machine began in the last `days`."""
    goldens = workspace.driver.goldens
    since = time.time() - days * _DAY_S
    return tuple(golden.key for golden in goldens.all() if goldens.last_used(golden) >= since)


def _wanted(workspace: Workspace) -> tuple[str, ...]:
    """Return the keys of the goldens from which the person's projects would begin now."""
    from ..golden import golden_of, golden_wish  # noqa: PLC0415

    keys = []
    for name in _projects(workspace):
        wish = golden_wish(workspace, workspace.project(name))
        keys.append(golden_of(wish, workspace.driver.base(wish.spec)).key)
    return tuple(dict.fromkeys(keys))


def _projects(workspace: Workspace) -> tuple[str, ...]:
    from ..load import project_names  # noqa: PLC0415

    return ("", *project_names(workspace.paths))
