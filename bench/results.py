"""What one run of the benchmarks found: plain data, kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .clock import Pairs
from .server import Counts

Kind = Literal["no-op", "first"]


@dataclass(frozen=True)
class Cell:
    """What was done."""

    tool: str
    resources: int
    rtt_ms: int
    kind: Kind


@dataclass(frozen=True)
class Figure:
    """What one cell cost."""

    cell: Cell
    pairs: Pairs | None
    """With a cold `ssh HOST true`; None where it would have taken too long."""
    expected_s: float = 0.0
    """How long it would have taken."""
    counts: Counts = field(default_factory=Counts)
    """Of one run; forks are those of a no-op."""
    peak_kib: int = 0


@dataclass(frozen=True)
class Comparison:
    """Two commands beside each other."""

    name: str
    pairs: Pairs
    first_kib: int
    second_kib: int


@dataclass(frozen=True)
class Machine:
    """The computer, in general words."""

    cores: int
    processor: str
    system: str
    is_virtual: bool
    memory_gib: int
    versions: dict[str, str]
    load: tuple[float, float]
    """Average load of one minute when the run began, and when it ended."""


@dataclass(frozen=True)
class Results:
    """All of a run."""

    machine: Machine
    figures: tuple[Figure, ...]
    comparisons: tuple[Comparison, ...]
    stages: tuple[tuple[str, float], ...]
    """What a no-op of the smallest workload over Fabric does, and its milliseconds."""
    installs: tuple[Comparison, ...] = ()
    """Real installs by nopal, beside one bare call of the package manager."""

    def figure(self, tool: str, resources: int, rtt_ms: int, kind: Kind) -> Figure | None:
        """Return what that cell cost, if it was measured."""
        cell = Cell(tool, resources, rtt_ms, kind)
        return next((f for f in self.figures if f.cell == cell and f.pairs), None)

    def comparison(self, name: str) -> Comparison | None:
        """Return the comparison of that name."""
        every = (*self.comparisons, *self.installs)
        return next((found for found in every if found.name == name), None)
