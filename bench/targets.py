"""What nopal is to reach, what it reached, and what holds it back where it did not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .installs import APT_NAME, NPM_NAME
from .results import Comparison, Figure, Kind, Results
from .tools import FABRIC, MASTER

SMALLEST = 21
SLOW_MS = 50


@dataclass(frozen=True)
class Target:
    """A figure that shall be at most `limit`."""

    name: str
    limit: float
    measure: Callable[[Results], float | None]
    """Returns the ratio, or None where a run did not measure it."""
    holds_back: str
    """Said where it is missed."""


@dataclass(frozen=True)
class Verdict:
    """A target and what became of it."""

    target: Target
    ratio: float

    @property
    def is_met(self) -> bool:
        """Whether the ratio, as it is shown, is within the limit."""
        return round(self.ratio, 2) <= self.target.limit

    def __str__(self) -> str:
        """Say by how much it is met or missed."""
        share = self.ratio / self.target.limit - 1
        if self.is_met:
            return f"met, {-share:.0%} to spare"
        return f"missed by {share:.0%}"


def verdicts(results: Results) -> list[Verdict]:
    """Return what became of each target that was measured."""
    measured = [(target, target.measure(results)) for target in TARGETS]
    return [Verdict(target, ratio) for target, ratio in measured if ratio is not None]


def _figure(tool: str, rtt_ms: int, kind: Kind) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        return _ratio(results.figure(tool, SMALLEST, rtt_ms, kind))

    return measure


def _comparison(name: str) -> Callable[[Results], float | None]:
    return lambda results: _ratio(results.comparison(name))


def _memory(results: Results) -> float | None:
    ours = results.figure(FABRIC, SMALLEST, 0, "no-op")
    fabric = results.comparison("import fabric")
    return ours.peak_kib / fabric.first_kib if ours and fabric else None


def _ratio(found: Figure | Comparison | None) -> float | None:
    return found.pairs.ratio if found and found.pairs else None


TARGETS = (
    Target(
        "no-op over Fabric, to a cold `ssh HOST true`",
        1.3,
        _figure(FABRIC, 0, "no-op"),
        "Starting Python and Invoke, loading paramiko and one login are fixed cost and most of it; "
        "nopal's own are its verbs, kinds of steps and engine, and the probe.",
    ),
    Target(
        "no-op over a live master, to the same",
        0.7,
        _figure(MASTER, 0, "no-op"),
        "Starting Python and Invoke alone takes more than half of it; the rest is loading nopal's "
        "verbs, kinds of steps and engine, and the processes of the probe.",
    ),
    Target(
        "no-op over Fabric at 50 ms round trip, to a cold `ssh HOST true` at 50 ms",
        1.1,
        _figure(FABRIC, SLOW_MS, "no-op"),
        "The round trips are as few as ssh's own, and the first is made while paramiko loads; the "
        "rest begins when it is loaded.",
    ),
    Target(
        "no-op of 1000 resources over Fabric, to that of 21",
        1.6,
        _comparison(f"growth: {FABRIC}"),
        "Lines and commands are looked at one by one, a process or two for each.",
    ),
    Target(
        "first converge over Fabric, to a cold `ssh HOST true`",
        1.6,
        _figure(FABRIC, 0, "first"),
        "Three execs in place of one, and three to ten processes for each change.",
    ),
    Target(
        f"{APT_NAME}, really installed, to one bare `apt-get install` over ssh",
        1.1,
        _comparison(APT_NAME),
        "nopal asks what is there before and proves it afterwards.",
    ),
    Target(
        f"{NPM_NAME}, really installed, to one bare `npm install` over ssh",
        1.1,
        _comparison(NPM_NAME),
        "nopal asks what is there before and proves it afterwards.",
    ),
    Target(
        "`inv --list`, to a bare collection of one task",
        1.3,
        _comparison("inv --list"),
        "The verbs and built-in profiles are loaded to be listed.",
    ),
    Target(
        "`inv --complete`, to a bare collection of one task",
        1.3,
        _comparison("inv --complete"),
        "The verbs and built-in profiles are loaded to be listed.",
    ),
    Target(
        "peak memory of a no-op over Fabric, to `python -c 'import fabric'`",
        1.3,
        _memory,
        "The tasks and profiles that were not asked for are loaded too.",
    ),
)
