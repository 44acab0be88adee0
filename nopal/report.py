"""What one machine's verb tells the person, and the log that keeps the rest."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

from provision.report import Report, StepResult

from .screen import Screen, in_words, printable

if TYPE_CHECKING:
    from provision.engine import Outcome

_TITLE = 90
"""Characters of what is being done that are shown while it is."""
_TAIL = 20
"""Lines of a failed step's output that are shown; the log holds all of them."""
_LONGEST_LOG = 8 << 20
"""Bytes after which a log makes room for a new one; the one before is kept."""


class Listener(Report, Protocol):
    """Hears the engine's events beside the person, and how a converge came out."""

    def sums_up(self, outcome: Outcome) -> None:
        """Hear the outcome, whatever it is."""


class LogStream:
    """The log as the engine writes it: text, in whole lines."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log

    def write(self, text: str, /) -> None:
        """Keep `text`."""
        self._log(text.removesuffix("\n"))


class Reporter:
    """Tells what happens to one machine: short on the screen, whole in a log file.

    It is the engine's `Report` too. Use it as a context manager, so that the log is closed.
    """

    def __init__(
        self, machine: str, screen: Screen, log_path: Path, listener: Listener | None = None
    ) -> None:
        self.machine = machine
        self.log_path = log_path
        self._screen = screen
        self._listener = listener
        self._log: TextIO | None = None
        self._lock = threading.Lock()
        self._step = ExitStack()
        self._update: Callable[[str], None] = lambda _line: None
        self._running = ""

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._step.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def say(self, text: str) -> None:
        """Show one line about the machine, and keep it in the log."""
        self.tell(text)
        self.log(text)

    def tell(self, text: str) -> None:
        """Show one line about the machine."""
        self._screen.line(f"{self.machine}: {text}")

    def forget_log(self) -> None:
        """Remove the machine's log, for a machine that is no more."""
        with self._lock:
            if self._log is not None:
                self._log.close()
                self._log = None
            self.log_path.unlink(missing_ok=True)
            self._older_log.unlink(missing_ok=True)

    @property
    def _older_log(self) -> Path:
        return self.log_path.with_name(f"{self.log_path.name}.1")

    def stream(self) -> LogStream:
        """Return the log as something that the engine can write to."""
        return LogStream(self.log)

    def log(self, line: str) -> None:
        """Keep one line in the log only."""
        with self._lock:
            if self._log is None:
                self.log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if self.log_path.exists() and self.log_path.stat().st_size > _LONGEST_LOG:
                    self.log_path.replace(self._older_log)
                self._log = self.log_path.open("a", encoding="utf-8", errors="replace")
                self._log.write(time.strftime("--- %Y-%m-%d %H:%M:%S\n"))
            self._log.write(printable(line) + "\n")
            self._log.flush()

    @contextmanager
    def activity(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show that `title` goes on; the callable inside takes its output line by line."""
        self.log(f"{title} …")
        with self._screen.activity(f"{self.machine}: {title}") as update:

            def on_line(line: str) -> None:
                self.log(line)
                update(line)

            yield on_line

    def step_begins(self, step_id: str, summary: str) -> None:
        """Show the running step; of several that one change serves, the first."""
        if self._listener is not None:
            self._listener.step_begins(step_id, summary)
        if summary == self._running:
            return
        self._step.close()
        self._running = summary
        title = f"{self.machine}: {textwrap.shorten(summary, _TITLE, placeholder=' …')}"
        self._update = self._step.enter_context(self._screen.activity(title, tells_end=False))

    def step_says(self, step_id: str, line: str) -> None:
        """Show the latest line of the step's output; the engine's own log keeps all."""
        if self._listener is not None:
            self._listener.step_says(step_id, line)
        self._update(line)

    def step_ends(self, result: StepResult) -> None:
        """Show what changed and what failed; a step that was right already says nothing."""
        if self._listener is not None:
            self._listener.step_ends(result)
        self._step.close()
        self._running = ""
        if result.status == "ok":
            return
        took = f" ({in_words(result.took_s)})" if result.took_s else ""
        self.say(f"{result.id} {result.status}: {result.summary}{took}")
        if result.status == "failed":
            for line in result.detail.splitlines()[-_TAIL:]:
                self.tell(f"    {line}")
            self.tell(f"everything that was said is in {self.log_path}")
        elif result.status == "would change":
            for line in result.detail.splitlines():
                self.tell(f"    {line}")

    def sums_up(self, outcome: Outcome) -> None:
        """Hear how a converge came out; when it came out well, the verb says so itself."""
        if not outcome.is_converged:
            self.log(one_line_summary(outcome))
        if self._listener is not None:
            self._listener.sums_up(outcome)


def counts(outcome: Outcome) -> dict[str, int]:
    """Return how many steps came out which way."""
    found = {"ok": 0, "changed": 0, "would change": 0, "failed": 0, "skipped": 0}
    for result in outcome.results:
        found[result.status] += 1
    return found


def one_line_summary(outcome: Outcome) -> str:
    """Return how many steps there are and how they came out."""
    parts = [f"{count} {status}" for status, count in counts(outcome).items() if count]
    execs = "1 exec" if outcome.execs == 1 else f"{outcome.execs} execs"
    return f"{len(outcome.results)} steps: {', '.join(parts) or 'none'}; {execs}"
