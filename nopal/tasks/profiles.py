"""What the tasks of every profile do: install, plan, verify."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .verb import explained

if TYPE_CHECKING:
    from profiles.profile import Profile


def run_profile(c: Context, profile: Profile, action: str, project: str) -> None:
    """Install, plan or verify one profile, with what it requires, on a running machine."""
    with explained():
        _run(c, profile, action, project)


def _run(c: Context, profile: Profile, action: str, project: str) -> None:
    from provision.plan import declare  # noqa: PLC0415

    from ..preflight import prepare_all  # noqa: PLC0415
    from ..report import one_line_summary  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415
    from .open import open_workspace  # noqa: PLC0415

    workspace = open_workspace(c)
    (item,) = prepare_all(workspace, [workspace.project(project)], only=(profile.label,))
    with (
        workspace.reporter(item.name) as reporter,
        workspace.machine_of(item, reporter) as machine,
    ):
        if action == "install":
            outcome = machine.converge(item.wish, is_whole=False)
            reporter.say(one_line_summary(outcome))
            return
        found = machine.look(item.wish)
    wrong = [
        result
        for step, result in zip(declare(item.wish.steps), found.results, strict=True)
        if result.status != "ok"
        and (action == "plan" or (profile.label in step.tags and step.only_proves))
    ]
    for result in wrong:
        sys.stdout.write(printable(f"{result.id}: {result.summary}") + "\n")
    if wrong:
        raise Exit(code=2 if action == "plan" else 1)
