"""An agent's own login, run once on this computer or in a machine, and what comes of it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from provision.shell import join, quote

if TYPE_CHECKING:
    from profiles.login import Login

    from .standing import Standing

_LONGEST = 100 * 1024


def run_here(login: Login, environ: Mapping[str, str]) -> str:
    """Run the login's program on this terminal; return what it left in a file, or "".

    The file is in memory where this system has a place for that, and is gone afterwards.
    """
    if shutil.which(login.command[0], path=environ.get("PATH")) is None:
        return ""
    with tempfile.TemporaryDirectory(prefix="nopal-login-", dir=_in_memory(environ)) as folder:
        own = {login.folder_variable: folder} if login.folder_variable else {}
        with suppress(KeyboardInterrupt):  # the person may want to paste one after all
            subprocess.run(login.command, env={**environ, **own}, check=False)
        if not login.leaves:
            return ""
        with suppress(FileNotFoundError), Path(folder, login.leaves).open(encoding="utf-8") as file:
            return file.read(_LONGEST)
    return ""


def run_there(login: Login, standing: Standing) -> str:
    """Do the same in a machine. What it answers is hostile, as all that a guest says."""
    folder = f"/dev/shm/nopal-login-{secrets.token_hex(8)}"  # noqa: S108 - made anew, or refused
    own = f"{login.folder_variable}={folder} " if login.folder_variable else ""
    # A login shell has the PATH that a person would.
    script = f"umask 077\nmkdir {folder} || exit 1\n{own}exec bash -lc {quote(join(login.command))}"
    standing.attach(script, tty=True)
    left = quote(f"{folder}/{login.leaves}")
    _status, lines = standing.ask(
        f"[ ! -f {left} ] || head -c {_LONGEST} {left}\nrm -rf {folder}\n"
        if login.leaves
        else f"rm -rf {folder}\n"
    )
    return "\n".join(lines)


def _in_memory(environ: Mapping[str, str]) -> str | None:
    places = (environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm")  # noqa: S108 - a folder below it
    return next((place for place in places if place and os.access(place, os.W_OK)), None)
