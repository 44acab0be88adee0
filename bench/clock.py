"""How long a command takes, and in pairs: this machine's speed may change, a ratio stays."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

SHOWN_OUTPUT = 2000


@dataclass(eq=False)
class CommandFailed(Exception):
    """A measured command did not do its work; its time means nothing."""

    command: Sequence[str]
    reason: str
    output: str

    def __str__(self) -> str:
        return f"`{' '.join(self.command)}` {self.reason}:\n{self.output[-SHOWN_OUTPUT:]}"


@dataclass(frozen=True)
class Run:
    """One finished command."""

    wall_s: float
    peak_kib: int
    """Of its largest process."""
    output: str


@dataclass(frozen=True)
class Command:
    """What to run, where."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    """In place of this process's own."""

    def run(self, timeout_s: float = 600) -> Run:
        """Run it to its end; raises CommandFailed unless it succeeds in time."""
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            # A session of its own, so that all of it can be ended.
            process = subprocess.Popen(
                self.words,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            stop = threading.Timer(timeout_s, os.killpg, (process.pid, signal.SIGKILL))
            stop.start()
            # wait4 alone tells what this one command used.
            _pid, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - began
            stop.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            output = said.read().decode(errors="replace")
        if process.returncode:
            raise CommandFailed(self.words, f"ended with {process.returncode}", output)
        return Run(wall_s, usage.ru_maxrss, output)


@dataclass(frozen=True)
class Pairs:
    """Wall times in seconds of two commands, run in turn."""

    times: tuple[tuple[float, float], ...]

    @property
    def ratio(self) -> float:
        """The median of first to second, pair by pair."""
        return median(first / second for first, second in self.times)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest of these ratios."""
        ratios = [first / second for first, second in self.times]
        return min(ratios), max(ratios)

    @property
    def first_s(self) -> float:
        """The first command's median."""
        return median(first for first, _second in self.times)

    @property
    def second_s(self) -> float:
        """The second command's median."""
        return median(second for _first, second in self.times)


def in_pairs(
    first: Callable[[], Run], second: Callable[[], Run], *, most: int, budget_s: float
) -> tuple[Pairs, int]:
    """Run both in turn, `most` times or for about `budget_s`; return times and the first's peak."""
    times: list[tuple[float, float]] = []
    peaks: list[int] = []
    began = time.monotonic()
    while len(times) < most and (not times or time.monotonic() - began < budget_s):
        ran, other = first(), second()
        times.append((ran.wall_s, other.wall_s))
        peaks.append(ran.peak_kib)
    return Pairs(tuple(times)), int(median(peaks))
