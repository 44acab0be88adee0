"""`secrets`: what of a person's stores is in a machine's memory."""

from __future__ import annotations

import json as json_text
import sys
import time
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from ..project_secrets import ProjectSecrets


@verb(
    help={
        "project": PROJECT,
        "diff": "fetch, and name what the machine has otherwise; exit 2 when there is anything",
        "refresh": "fetch all anew and give it to the running machine",
        "clear": "take all out of the running machine's memory",
        "repo": "only those of one repo, named by its folder in ~/code",
        "json": "print JSON instead of columns",
    }
)
def secrets(
    c: Context,
    project: str = "",
    diff: bool = False,
    refresh: bool = False,
    clear: bool = False,
    repo: str = "",
    json: bool = False,
) -> None:
    """List the machine's secrets by name, with where each is from; values are never shown."""
    if diff + refresh + clear > 1:
        raise Exit("give one of --diff, --refresh and --clear", 2)
    workspace = open_workspace(c)
    found = workspace.project(project)
    with workspace.reporter(found.name) as reporter:
        ours = workspace.secrets(found, workspace.machine(found.name, reporter))
        folder = _folder(ours, repo)
        if refresh:
            ours.refresh(folder)
        elif clear:
            ours.clear(folder)
            reporter.say("its secrets are out of its memory; what runs already may keep them")
        elif diff:
            _show_differences(ours, folder, json)
        else:
            _show(ours, folder, json)


def _folder(ours: ProjectSecrets, repo: str) -> str | None:
    known = sorted({one.folder for one in ours.wanted} - {""})
    if repo and repo not in known:
        has = f"those of its own have {', '.join(known)}" if known else "none has any of its own"
        raise Exit(f"no secrets are for {repo!a} alone: {has}", 2)
    return repo or None


def _show(ours: ProjectSecrets, folder: str | None, json: bool) -> None:
    from ..secret_list import as_data, as_text, rows  # noqa: PLC0415

    note = ours.held_note()
    table = [row for row in rows(ours.wanted, note) if folder in (None, row.folder)]
    text = (
        json_text.dumps(as_data(table, note), indent=2)
        if json
        else as_text(table, note, int(time.time()))
    )
    sys.stdout.write(f"{text}\n")


def _show_differences(ours: ProjectSecrets, folder: str | None, json: bool) -> None:
    from ..secret_list import differences_as_data, differences_as_text  # noqa: PLC0415

    found = ours.differences(folder)
    if json:
        sys.stdout.write(json_text.dumps(differences_as_data(found), indent=2) + "\n")
    elif found:
        sys.stdout.write(differences_as_text(found) + "\n")
    if found:
        raise Exit(code=2)
