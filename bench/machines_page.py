"""What machines cost, as results and as a part of docs/performance.md. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Pairs
from .results import Machine

INTRODUCTION = """\
`python -m bench.machines` measures whole machines by what a person types, each beside its peer in
the same run. New machines have Docker, Node,
Claude Code, Codex, gh and git; `limactl clone` and `start` work on the same disk, made
one whole file. Where others are named, their calls of limactl are made without anything else.
"""

BOOT = """\
The same machine, as the image that nopal builds boots it, and with what that image leaves out put
back: cloud-init's whole lists of modules, certificates made anew each time, timers and units that
nothing in a machine needs. Seconds of a stage are systemd's; the stages overlap.
"""


@dataclass(frozen=True)
class Cost:
    """What a verb costs beside something else."""

    name: str
    beside: str
    pairs: Pairs
    limit: float | None = None
    """The ratio to reach."""


@dataclass(frozen=True)
class Boot:
    """Where the time of a boot went."""

    name: str
    took_s: float
    """By limactl, until it says that the machine is ready."""
    stages: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class MachineResults:
    """All of a run."""

    machine: Machine
    is_emulated: bool
    costs: tuple[Cost, ...]
    boots: tuple[Boot, ...]


def cost_rows(results: MachineResults) -> list[tuple[str, ...]]:
    """Return what was measured, a header first."""
    rows: list[tuple[str, ...]] = [("what", "s", "beside", "s", "ratio", "at most")]
    for cost in results.costs:
        pairs = cost.pairs
        limit = f"{cost.limit:g}" if cost.limit is not None else "-"
        seconds = (f"{pairs.first_s:.2f}", f"{pairs.second_s:.2f}")
        rows.append((cost.name, seconds[0], cost.beside, seconds[1], f"{pairs.ratio:.2f}", limit))
    return rows


def boot_rows(results: MachineResults) -> list[tuple[str, ...]]:
    """Return the boots beside each other, stage by stage, a header first."""
    rows = [("stage", *(f"s, {boot.name}" for boot in results.boots))]
    names = dict.fromkeys(name for boot in results.boots for name, _s in boot.stages)
    for name in names:
        times = (dict(boot.stages).get(name) for boot in results.boots)
        rows.append((name, *("-" if s is None else f"{s:.1f}" for s in times)))
    rows.append(("`limactl start`, all of it", *(f"{boot.took_s:.1f}" for boot in results.boots)))
    return rows
