"""Ctrl-C: the programs that a command waits for end with it, and it says what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

STATUS = 130
_GRACE_S = 1.0
"""How long a program may take to end by itself, of the two seconds that there are."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it, an interrupt ends the programs that we started before it is raised here.

    Else waiting for them, as Python does on the way out, would last as long as they do.
    """
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end_children()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def leaving(say: Callable[[str], None], words: str) -> Iterator[None]:
    """Say in `words` what state an interrupt of the block leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"interrupted: {words}")
        raise


def leave(message: str) -> NoReturn:
    """End this process at once, though other threads of it are still at work."""
    sys.stdout.flush()
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
    # What they do is safe to be cut off anywhere: that is what the next run relies on.
    os._exit(STATUS)


def others_work() -> bool:
    """Return whether other threads keep this process from ending."""
    main = threading.main_thread()
    return any(not one.daemon and one is not main for one in threading.enumerate())


def end_children() -> None:
    """End all programs that we wait for: those below us, in our own process group.

    Lima's agents and machines have groups of their own, and are meant to go on.
    """
    for number in (signal.SIGINT, signal.SIGKILL):
        for pid in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = time.monotonic() + _GRACE_S
        while _children() and time.monotonic() < deadline:
            time.sleep(0.05)


def _children() -> list[int]:
    listing = subprocess.run(
        # One -o each: macOS takes what follows an equals sign for the heading.
        ("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "stat="),
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, _group, _state in rows}
    group = os.getpgrp()

    def is_below(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid]
            if pid == os.getpid():
                return True
        return False

    return [
        int(pid)
        for pid, _parent, its_group, state in rows
        # A zombie has ended; `ps` itself has, too.
        if int(its_group) == group
        and not state.startswith("Z")
        and is_below(int(pid))
        and _is_there(int(pid))
    ]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
