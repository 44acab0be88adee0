"""Files of text that are replaced as a whole, so that nobody meets half of one."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def read_text(path: Path) -> str:
    """Return what a file holds, "" when there is none; bytes that are no UTF-8 are kept."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""


def replace_text(path: Path, text: str) -> None:
    """Replace a file, atomically. It keeps its mode and the links that lead to it; new: 0600."""
    path = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
