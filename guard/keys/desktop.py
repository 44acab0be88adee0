"""Puts a yes-or-no question on the person's screen: by SSH_ASKPASS, on macOS by `osascript`.

SSH_ASKPASS_PROMPT=confirm is OpenSSH's own convention (readpass.c): the exit status is the answer.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

DESKTOP_VARIABLES = (
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "PATH",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
)
"""All that the broker takes of a person's environment."""

_DEFAULT_ASKPASS = "/usr/bin/ssh-askpass"
_DIALOG = (
    "on run argv",
    'display dialog (item 1 of argv) with title "nopal" buttons {"Deny", "Allow"} '
    'default button "Deny" cancel button "Deny" with icon caution giving up after 30',
    "end run",
)


def desktop_part(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a question on the screen needs of an environment."""
    return {name: environ[name] for name in DESKTOP_VARIABLES if environ.get(name)}


def prompt_command(environ: Mapping[str, str], text: str, system: str) -> list[str] | None:
    """Return the command that shows `text`; None where there is no screen to show it on."""
    program = environ.get("SSH_ASKPASS", "")
    is_wanted = environ.get("SSH_ASKPASS_REQUIRE") in ("prefer", "force")
    has_screen = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    if environ.get("SSH_ASKPASS_REQUIRE") == "never":
        return None
    if program and (has_screen or is_wanted):
        return [program, text]
    if system == "darwin":
        return ["osascript", *(word for line in _DIALOG for word in ("-e", line)), text]
    if has_screen and Path(_DEFAULT_ASKPASS).exists():
        return [_DEFAULT_ASKPASS, text]
    return None


async def ask_on_screen(environ: Mapping[str, str], text: str) -> bool | None:
    """Ask, and return the answer; None where nothing could be shown.

    Cancelled, it takes the question off the screen.
    """
    command = prompt_command(environ, text, sys.platform)
    if command is None:
        return None
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**environ, "SSH_ASKPASS_PROMPT": "confirm"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
    if command[0] == "osascript":
        return process.returncode == 0 and b"button returned:Allow" in said
    return process.returncode == 0
