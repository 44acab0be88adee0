"""Carries a script's words to a process and its lines back. Knows neither ssh nor shells."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from .wire import Lines


def pump(
    process: subprocess.Popen[bytes],
    stdin: bytes,
    on_line: Callable[[str], None],
    *,
    within_s: float | None = None,
) -> int:
    """Write `stdin`, hand out stdout's lines as they come, and return the exit status.

    The process is ended when `on_line` raises.

    Raises:
        TimeoutError: it printed nothing `within_s`, and was ended.
    """
    if process.stdin is None or process.stdout is None:
        message = "the process needs pipes for stdin and stdout"
        raise ValueError(message)
    lines = Lines(on_line)
    try:
        if within_s is None:
            _feed(process.stdin, stdin)
        else:
            # Who never answers may never read either.
            threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True).start()
            _await_output(process.stdout, within_s)
        while data := os.read(process.stdout.fileno(), 65536):
            lines.feed(data)
        lines.end()
        return process.wait()
    except BaseException:
        process.kill()
        raise


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # A shell prints nothing before it has read all: this cannot block on its output. One that ended
    # early says why by its status.
    with suppress(BrokenPipeError), pipe:
        pipe.write(data)


def _await_output(pipe: IO[bytes], within_s: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        if not selector.select(within_s):
            raise TimeoutError
