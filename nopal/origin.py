"""Where the repo that one stands in came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from guard.command import run_command


def origin_of(root: Path, environ: Mapping[str, str]) -> str:
    """Return the URL of the repo's remote `origin`, or "" when it has none or git can't tell."""
    # Reading a value runs nothing of the repo's: no hook, no pager, no filter.
    answer = run_command(
        ["git", "config", "--get", "remote.origin.url"],
        {name: value for name, value in environ.items() if not name.startswith("GIT_")},
        cwd=root,
    )
    return answer.stdout.strip() if answer.status == 0 else ""
