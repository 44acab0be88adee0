"""Telling a person who looks elsewhere that long work has ended, by their desktop's own means."""

from __future__ import annotations

import html
import platform
from collections.abc import Callable, Mapping
from time import monotonic

from guard.command import Run, run_command

from .screen import printable

LONG_S = 30.0
"""Whoever waits less has not looked away yet."""
_LONGEST = 200
# The texts are arguments of the script: no part of them is ever read as AppleScript.
_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)


def command(system: str, title: str, text: str) -> list[str]:
    """Return what shows a notification on `system`: notify-send, or osascript on macOS.

    The texts may quote a guest: they are made printable, short, and text for those that read
    markup (the Desktop Notifications Specification has it in the body).
    """
    title, text = printable(title)[:_LONGEST], printable(text)[:_LONGEST]
    if system == "Darwin":
        lines = [word for line in _SCRIPT for word in ("-e", line)]
        return ["osascript", *lines, title, text]
    return ["notify-send", "--app-name=nopal", "--", title, html.escape(text, quote=False)]


class Notifier:
    """Tells of work that took long, once it has ended; begun when it is made."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        system: str = platform.system(),
        run: Run = run_command,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._environ = environ
        self._system = system
        self._run = run
        self._clock = clock
        self._began = clock()

    def ended(self, title: str, text: str) -> bool:
        """Notify, if the work took long; return whether a notification was shown.

        A computer without a desktop has no means to: that is no fault.
        """
        if self._clock() - self._began < LONG_S:
            return False
        words = command(self._system, title, text)
        return bool(self._run(words, self._environ, timeout_s=5.0).status == 0)
