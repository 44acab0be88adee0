"""Says which names a project, and so its machine, may have. Pure."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

DEFAULT_NAME = "default"
"""The machine one gets without any project."""

BAKE_PREFIX = "nopal-bake-"
"""What the machines are called in which goldens are made."""

_NAME = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
# Lima calls the guest `lima-NAME`, and a host name has at most 63 letters.
_LONGEST = 63 - len("lima-")
# OpenSSH listens on a temporary name first: the control path, a dot and 16 letters.
_SOCKET_TAIL = "/ssh.sock." + "x" * 16
_SOCKET_LIMIT = {"darwin": 104}
_SOCKET_LIMIT_ELSEWHERE = 108


def name_problem(name: str, lima_home: Path, *, system: str = sys.platform) -> str | None:
    """Return why `name` can't be a machine's name, or None when it can.

    `lima_home` counts because the path of a Unix socket in it has a limit: 104 bytes on macOS,
    108 on Linux.
    """
    if not _NAME.fullmatch(name):
        return "only letters and digits, with single `-`, `_` or `.` between them"
    if name.lower().startswith(BAKE_PREFIX):
        return "nopal makes its golden machines under such names"
    if name.lower().endswith((".yml", ".yaml")):
        return "Lima takes a name with this ending for a file"
    longest = min(_LONGEST, longest_name(lima_home, system=system))
    if len(name) <= longest:
        return None
    if longest == _LONGEST:
        return f"it has {len(name)} letters, and {longest} is the most"
    return (
        f"it has {len(name)} letters, and {max(longest, 0)} is the most below {lima_home}\n"
        "  a socket's path has a limit: take a shorter name, or set NOPAL_HOME to a shorter path"
    )


def longest_name(lima_home: Path, *, system: str = sys.platform) -> int:
    """Return how many letters a name below `lima_home` may have for its sockets' paths to fit."""
    limit = _SOCKET_LIMIT.get(system, _SOCKET_LIMIT_ELSEWHERE)
    return limit - 1 - len(os.fsencode(lima_home)) - len("/") - len(_SOCKET_TAIL)


def host_name(name: str) -> str:
    """Return what a machine's host name is made of; two projects must differ in it."""
    return re.sub(r"[._]", "-", name).lower()
