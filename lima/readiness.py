"""How far the boot of a machine is, read from the logs of Lima's host agent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lima.events import statuses
from lima.limactl import message

_TAIL_LINES = 3
# What QEMU says of itself is logged as if it were of no account.
_BAD = ('"level":"fatal"', '"level":"error"', "qemu[stderr]")


def readiness(folder: Path) -> Literal["booting", "ready", "exiting"]:
    """Return how far the machine in `folder` is.

    Lima calls a machine Running as soon as its processes live. Its agent writes an event when the
    guest is ready, too; a start that was interrupted goes on without us and ends in that event.
    """
    state: Literal["booting", "ready", "exiting"] = "booting"
    for status in statuses(folder):
        if status.get("exiting"):
            state = "exiting"
        elif status.get("running"):
            state = "ready"
    return state


def last_words(folder: Path) -> str:
    """Return the last complaints of the host agent, in one line; empty when it had none."""
    try:
        lines = (
            (folder / "ha.stderr.log").read_text(encoding="utf-8", errors="replace").splitlines()
        )
    except OSError:
        return ""
    bad = [line for line in lines if any(mark in line for mark in _BAD)]
    return "; ".join(message(line) for line in bad[-_TAIL_LINES:])
