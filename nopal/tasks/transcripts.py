"""`transcripts`: the conversations of agents that are kept here."""

from __future__ import annotations

import json as json_text
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from ..workspace import Workspace


@verb(
    help={
        "project": PROJECT,
        "grep": "show the lines that hold this text, in whatever letters",
        "json": "print JSON instead of columns",
    }
)
def transcripts(c: Context, project: str = "", grep: str = "", json: bool = False) -> None:
    """Bring agents' conversations out of the machine if it runs, and list or search them.

    `down` and `destroy` bring them, too.
    """
    from ..checkpoint_list import age  # noqa: PLC0415
    from ..columns import in_columns  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415
    from ..sizes import in_words  # noqa: PLC0415
    from ..transcripts import files, keep, search  # noqa: PLC0415

    workspace = open_workspace(c)
    name = _name(workspace, project)
    keep(workspace, name, lambda line: workspace.screen.line(f"{name}: {line}"))
    folder = workspace.paths.home / "transcripts" / name
    found = files(folder)
    if grep:
        _show_lines(search(found, grep), folder, as_json=json)
        return
    if json:
        rows = [
            {"file": str(one.path), "bytes": one.size, "changed": int(one.changed)} for one in found
        ]
        sys.stdout.write(json_text.dumps(rows, indent=2) + "\n")
        return
    if not found:
        workspace.screen.line(f"{name}: no conversations are kept here")
        return
    table = [("CHANGED", "SIZE", "FILE")]
    table += [
        (age(int(time.time() - one.changed)), in_words(one.size), printable(str(one.path)))
        for one in found
    ]
    sys.stdout.write(in_columns(table) + "\n")


def _show_lines(lines: Iterable[tuple[Path, int, str]], folder: Path, *, as_json: bool) -> None:
    from ..screen import printable  # noqa: PLC0415

    found = [(str(path.relative_to(folder)), number, text) for path, number, text in lines]
    if as_json:
        rows = [{"file": file, "line": number, "text": text} for file, number, text in found]
        sys.stdout.write(json_text.dumps(rows, indent=2) + "\n")
    else:
        for file, number, text in found:
            sys.stdout.write(f"{printable(file)}:{number}: {text}\n")
    if not found:
        raise Exit(code=1)


def _name(workspace: Workspace, project: str) -> str:
    """Return the machine that is meant; it may be gone, if conversations of it are kept."""
    kept = workspace.paths.home / "transcripts"
    if project and kept.is_dir() and project in {one.name for one in kept.iterdir()}:
        return project
    (name,) = workspace.names([project] if project else [])
    return name
