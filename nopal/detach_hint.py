"""How to leave a session and keep it running: told once on each computer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_PREFIX = "C-b"
"""tmux's own, which nopal leaves as it is in the machine."""


def take_hint(home: Path, environ: Mapping[str, str]) -> str:
    """Return the hint, or nothing when it was taken before; `home` keeps the mark of that."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(home / "detach-hint-shown", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return ""
    return hint(_outer_prefix(environ))


def hint(outer_prefix: str) -> str:
    """Return what to press; `outer_prefix` is that of the person's own tmux around it, if any."""
    first = "Ctrl-b twice, then d," if outer_prefix == _PREFIX else "Ctrl-b d"
    return f"{first} leaves the session and keeps the agent running"


def _outer_prefix(environ: Mapping[str, str]) -> str:
    if not environ.get("TMUX"):
        return ""
    asked = subprocess.run(
        ["tmux", "show-options", "-gv", "prefix"],
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()
