"""Where progress is shown: live lines on a terminal, plain ones in a pipe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

_HEARTBEAT_S = 30
"""How often a pipe is told that a long step still runs."""


class Screen(Protocol):
    """Shows lines that stay and activities that go on."""

    def line(self, text: str) -> None:
        """Show one line that stays."""

    def activity(
        self, title: str, *, tells_end: bool = True
    ) -> AbstractContextManager[Callable[[str], None]]:
        """Show that `title` goes on; the callable inside takes its latest line of output.

        With `tells_end` a line says at the end how long it took.
        """


class PlainScreen:
    """One line a fact, for pipes, logs and dumb terminals."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Show one line that stays."""
        with self._lock:
            self._stream.write(printable(text) + "\n")
            self._stream.flush()

    @contextmanager
    def activity(self, title: str, *, tells_end: bool = True) -> Iterator[Callable[[str], None]]:
        """Say that `title` begins, how long it took, and in between that it still runs."""
        began = time.monotonic()
        last = [""]
        done = threading.Event()

        def heartbeat() -> None:
            while not done.wait(_HEARTBEAT_S):
                tail = f": {last[0]}" if last[0] else ""
                self.line(f"{title} … {elapsed(began)}{tail}")

        def update(text: str) -> None:
            last[0] = text

        self.line(f"{title} …")
        beat = threading.Thread(target=heartbeat, daemon=True)
        beat.start()
        try:
            yield update
        finally:
            done.set()
            beat.join()
        if tells_end:
            self.line(f"{title}: done in {elapsed(began)}")


class LiveScreen:
    """A line with a spinner for each thing that goes on, by Rich."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - 60 ms that a quick verb need not pay

        self._console = Console(file=stream, highlight=False)
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._running = 0

    def line(self, text: str) -> None:
        """Show one line that stays, above what goes on."""
        self._console.print(printable(text), markup=False, soft_wrap=True)

    @contextmanager
    def activity(self, title: str, *, tells_end: bool = True) -> Iterator[Callable[[str], None]]:
        """Show a spinner, the elapsed time and the last line until the block ends."""
        began = time.monotonic()
        progress = self._begin()
        task = progress.add_task(title, total=None, last="")

        def update(text: str) -> None:
            progress.update(task, last=printable(text))

        try:
            yield update
        finally:
            progress.remove_task(task)
            self._end()
        if tells_end:
            self.line(f"{title}: done in {elapsed(began)}")

    def _begin(self) -> Progress:
        from rich.progress import (  # noqa: PLC0415
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.table import Column  # noqa: PLC0415

        with self._lock:
            if self._progress is None:
                self._progress = Progress(
                    SpinnerColumn(),
                    TextColumn("{task.description}", markup=False),
                    TimeElapsedColumn(),
                    TextColumn(
                        "{task.fields[last]}",
                        markup=False,
                        style="dim",
                        table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
                    ),
                    console=self._console,
                    transient=True,
                    expand=True,
                )
            if self._running == 0:
                self._progress.start()
            self._running += 1
            return self._progress

    def _end(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0 and self._progress is not None:
                self._progress.stop()
                self._progress = None


def screen_for(stream: TextIO) -> Screen:
    """Return the live screen for a terminal, the plain one for anything else."""
    return LiveScreen(stream) if stream.isatty() else PlainScreen(stream)


def elapsed(began: float) -> str:
    """Return the time since `began`, on the monotonic clock, in words."""
    return in_words(time.monotonic() - began)


def in_words(seconds: float) -> str:
    """Return a time in words: `0.4 s`, `2 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth matters
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def printable(text: str) -> str:
    """Return `text` without control characters, which a guest could use to rule the terminal."""
    return "".join(ch if ch.isprintable() else " " for ch in text.rstrip())
