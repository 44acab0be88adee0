"""What coding agents are told of their machine; the text is in `memory.md`."""

from __future__ import annotations

from .data import read_data
from .guest import Guest

MARKDOWN_COMMENT = "<!-- {} -->"
"""How a `Block` marks its lines in Markdown."""


def memory(guest: Guest) -> str:
    """Return what a coding agent should know of the machine, as Markdown."""
    folders = ", ".join(f"`{folder}`" for folder in guest.mounts)
    ports = {
        "auto": "A port that you listen on appears on the host's 127.0.0.1 by itself.",
        "none": "No port of this machine appears on the host.",
    }
    return read_data("memory.md").format(
        name=guest.name,
        user=guest.user,
        shared=(
            f"These folders are the host's own; a change there is a change of the host: {folders}."
            " What is installed there for another system (node_modules, .venv, target) may not run"
            " here: `nmlocal NAME` gives this machine a folder of its own in that place, at the"
            " speed of its disk, and `nmstatus` lists them."
            if folders
            else "No folder of the host is mounted."
        ),
        ports=ports.get(guest.ports, f"Ports that appear on the host: {guest.ports}."),
        keys=(
            "Keys stay on the host: an SSH agent (`SSH_AUTH_SOCK`) logs in and signs while the"
            " person is connected; there is no private key to find."
        ),
        profiles='"docker", "node", …',
    )
