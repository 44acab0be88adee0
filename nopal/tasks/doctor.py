"""`doctor`: what is wrong on this computer and in its machines, and what mends it."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from lima.instance import Instance

    from ..doctor.examine import Result
    from ..doctor.finding import Subject
    from ..workspace import Workspace


@verb(
    help={
        "project": PROJECT,
        "all": "look into every machine that runs, not only the project's",
        "fix": "mend what can be mended without taking anything from anybody",
        "json": "print JSON",
    },
)
def doctor(
    c: Context, project: str = "", all: bool = False, fix: bool = False, json: bool = False
) -> None:
    """Look for what is wrong here and in the machine, each with its fix; exit 1 for a fault."""
    from ..doctor.examine import as_data, examine  # noqa: PLC0415
    from ..doctor.host import instances_of  # noqa: PLC0415

    workspace = open_workspace(c)
    instances = instances_of(workspace)
    names = _names(workspace, project, instances or (), all)
    results: list[Result] = []
    with ExitStack() as stack:
        for result in examine(_subjects(workspace, instances, names, stack), mends=fix):
            if not json:
                _show(result, is_first=not results or results[-1].about != result.about)
            results.append(result)
    if json:
        sys.stdout.write(json_text.dumps(as_data(results), indent=2) + "\n")
    if any(not result.finding.ok for result in results):
        raise Exit(code=1)


def _names(
    workspace: Workspace, project: str, instances: Sequence[Instance], everything: bool
) -> tuple[str, ...]:
    """Return the machines to look into: those that run, of those that are meant."""
    from ..errors import ProjectError  # noqa: PLC0415
    from ..names import BAKE_PREFIX  # noqa: PLC0415

    running = [one.name for one in instances if one.is_running]
    if everything:
        return tuple(name for name in running if not name.startswith(BAKE_PREFIX))
    try:
        meant = workspace.names([project] if project else [])
    except ProjectError:
        if project:
            raise
        return ()  # a file that cannot be read is a fault that the checks of it tell
    return tuple(name for name in meant if name in running)


def _subjects(
    workspace: Workspace,
    instances: Sequence[Instance] | None,
    names: Sequence[str],
    stack: ExitStack,
) -> Iterator[Subject]:
    from ..doctor.guest import guest_subject  # noqa: PLC0415
    from ..doctor.host import host_subject  # noqa: PLC0415

    yield host_subject(workspace, instances)
    for name in names:
        reporter = stack.enter_context(workspace.reporter(name))
        yield guest_subject(workspace.machine(name, reporter), workspace.keys)


def _show(result: Result, *, is_first: bool) -> None:
    from ..doctor.examine import as_lines  # noqa: PLC0415

    if is_first:
        sys.stdout.write(f"{result.about}\n")
    for line in as_lines(result):
        sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()
