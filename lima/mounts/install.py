"""Putting the server where Lima finds it, before the `sftp-server` of the system: on its PATH.

As one file, in a folder named after its content, so that a machine that runs keeps the one it has.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import stat
import sys
import tempfile
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

_MODULES = ("__init__.py", "wire.py", "git_guard.py", "folder.py", "server.py")
_MAIN = "from mounts.server import main\n\nmain()\n"
_SYSTEM_PYTHON = Path("/usr/bin/python3")


def folder(tools: Path) -> Path:
    """Return the folder below `tools` that is to stand first on limactl's PATH."""
    return tools / f"mounts-{hashlib.sha256(_archive() + _script().encode()).hexdigest()[:12]}"


def install(tools: Path) -> None:
    """See to it that the server is there. Raises OSError: it cannot be put there."""
    target = folder(tools)
    if (target / "sftp-server").is_file():
        return
    tools.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".mounts-", dir=tools))
    try:
        (part / "server.pyz").write_bytes(_archive())
        (part / "sftp-server").write_text(_script(), encoding="utf-8")
        (part / "sftp-server").chmod(0o755)
        (part / "server.pyz").chmod(0o644)
        part.chmod(0o755)
        if not target.exists():
            part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@cache
def _archive() -> bytes:
    """Return the program as one file, the same bytes for the same code."""
    source = Path(__file__).parent
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
        for name in _MODULES:
            archive.writestr(zipfile.ZipInfo(f"mounts/{name}"), (source / name).read_bytes())
    return buffer.getvalue()


def _script() -> str:
    # -I: nothing of the folder or the environment it is started in is imported.
    python = shlex.quote(str(_python()))
    return f'#!/bin/sh\nexec {python} -I "$(dirname "$0")/server.pyz" "$@"\n'


def _python() -> Path:
    """Return a Python that every user can start, since limactl may run as another one."""
    own = Path(sys.executable).resolve()
    if os.geteuid() != 0 or all(_is_open(place) for place in (own, *own.parents)):
        return own
    return _SYSTEM_PYTHON


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXOTH)
