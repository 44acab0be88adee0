"""Tables of the results: plain ones for a terminal, and docs/performance.md. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .machines_page import BOOT, MachineResults, boot_rows, cost_rows
from .machines_page import INTRODUCTION as MACHINES
from .results import Cell, Comparison, Figure, Machine, Results
from .targets import verdicts
from .tools import FABRIC, MASTER

Row = Sequence[str]
HEADER = (
    "tool",
    "resources",
    "RTT ms",
    "kind",
    "× ssh",
    "s",
    "conn",
    "execs",
    "SFTP",
    "forks",
    "MiB",
)

INTRODUCTION = """\
# Performance

`inv bench` writes this page. It lets nopal and its peers do the same converge against one real SSH
server on loopback, and pairs each run with a cold `ssh HOST true` over the same link, one after the
other, so that the ratio holds when the machine's speed changes. Ratios are medians of the pairs;
seconds are medians too, and worth less.

A workload of 21 resources is 8 packages, 2 directories, 6 files, 2 links, 1 line in a file, 1 user
in a group and 1 command with a guard; larger ones keep these proportions, but for the user. The
packages and the user's group are there already, so that nothing is installed; all else is below a
scratch folder. A round trip of 50 ms is made by a proxy that delays each byte by 25 ms. After each
first converge the result is looked at without the tool; after each no-op, that nothing was written.
"""

STAGES = """\
Of 21 resources, over Fabric, without delay, within one Python; its own start and end come on top,
and what Invoke does with the command line.
"""

INSTALLS = """\
Into a Debian that is only a folder and the same each time, with everything downloaded before, and
lists of packages that count as new: what `inv TASK` takes over Fabric, beside one `ssh HOST` of
`apt-get install` or `npm install` with all packages at once.
"""

NOTES = """\
- nopal is run as `inv TASK` from a `tasks.py` that adds one task to nopal's verbs, so that its time
  holds the start of Python, of Invoke, and all that nopal loads. It logs in anew each time, unless
  it goes over a live OpenSSH master. Peers are run by their own commands; those that can keep a
  master find it open.
- `conn`, `execs` and `SFTP` are counted in the server's log. `forks` are the processes that the
  server and all below it start, sshd's own for a login among them; they are counted by strace in a
  run of their own.
- `MiB` is the peak of the largest process on the controlling side.
- What would have taken too long for one run is left out, with the time that it would have taken.
"""


def table(rows: Sequence[Row]) -> str:
    """Return `rows`, the header first, as a table of Markdown that lines up in a terminal too."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def figure_rows(figures: Sequence[Figure]) -> list[Row]:
    """Return a row for each figure, without a header."""
    return [_row(figure.cell, figure) for figure in figures]


def target_rows(results: Results) -> list[Row]:
    """Return the targets and what became of them."""
    header = ("target", "at most", "measured", "")
    rows: list[Row] = [header]
    for verdict in verdicts(results):
        limit, ratio = f"{verdict.target.limit:g} ×", f"{verdict.ratio:.2f} ×"
        rows.append((verdict.target.name, limit, ratio, str(verdict)))
    return rows


def comparison_rows(comparisons: Sequence[Comparison]) -> list[Row]:
    """Return what was compared with another command."""
    rows: list[Row] = [("what", "s", "beside", "ratio", "MiB", "beside")]
    for found in comparisons:
        first, second = found.pairs.first_s, found.pairs.second_s
        memory = (f"{kib / 1024:.0f}" for kib in (found.first_kib, found.second_kib))
        rows.append(
            (found.name, f"{first:.3f}", f"{second:.3f}", f"{found.pairs.ratio:.2f}", *memory)
        )
    return rows


def stage_rows(results: Results) -> list[Row]:
    """Return the parts of a no-op."""
    return [("part", "ms"), *((name, f"{ms:.0f}") for name, ms in results.stages)]


def text(results: Results) -> str:
    """Return all tables, for a terminal."""
    tables = [
        [HEADER, *figure_rows(results.figures)],
        comparison_rows(results.comparisons),
        comparison_rows(results.installs),
        stage_rows(results),
        target_rows(results),
    ]
    return "\n\n".join(table(rows) for rows in tables if len(rows) > 1)


def page(results: Results, machines: MachineResults | None = None) -> str:
    """Return docs/performance.md."""
    parts = [INTRODUCTION, "## Targets\n", table(target_rows(results)) + "\n"]
    missed = [verdict.target for verdict in verdicts(results) if not verdict.is_met]
    if missed:
        parts.append("What holds back those that are missed:\n")
        parts.append("\n".join(f"- {target.name}: {target.holds_back}" for target in missed) + "\n")
    parts.append(f"## The parts of a no-op\n\n{STAGES}\n{table(stage_rows(results))}\n")
    for rtt_ms in sorted({figure.cell.rtt_ms for figure in results.figures}):
        title = f"{rtt_ms} ms round trip" if rtt_ms else "No delay"
        figures = [figure for figure in results.figures if figure.cell.rtt_ms == rtt_ms]
        figures.sort(key=lambda f: (f.cell.resources, f.cell.kind != "no-op", _order(f.cell.tool)))
        rows = [HEADER, *figure_rows(figures)]
        parts.append(f"## {title}\n\n{table(rows)}\n")
    parts.append(NOTES)
    if results.installs:
        rows = comparison_rows(results.installs)
        parts.append(f"## Real installs\n\n{INSTALLS}\n{table(rows)}\n")
    rows = comparison_rows(results.comparisons)
    parts.append(f"## Without a server\n\n{table(rows)}\n")
    parts.append(f"## The machine\n\n{_machine(results.machine)}")
    if machines is not None:
        parts.append(_machines(machines))
    return "\n".join(parts)


def _machines(found: MachineResults) -> str:
    before, after = found.machine.load
    kind = "emulated by QEMU" if found.is_emulated else "with hardware virtualisation"
    return (
        f"## Whole machines\n\n{MACHINES}\n{table(cost_rows(found))}\n\n"
        f"### A boot\n\n{BOOT}\n{table(boot_rows(found))}\n\n"
        f"All of it on the machine above, {kind}; load average when the run began {before:.1f}, "
        f"when it ended {after:.1f} (a machine that boots counts for two).\n"
    )


def _order(tool: str) -> int:
    ours = [FABRIC, MASTER]
    return ours.index(tool) if tool in ours else len(ours)


def _row(cell: Cell, figure: Figure) -> Row:
    head = (cell.tool, str(cell.resources), str(cell.rtt_ms), cell.kind)
    pairs, counts = figure.pairs, figure.counts
    if pairs is None:
        return (*head, "-", f"~{figure.expected_s:.0f}", *["-"] * 5)
    return (
        *head,
        f"{pairs.ratio:.2f}",
        f"{pairs.first_s:.2f}",
        str(counts.connections),
        str(counts.execs),
        str(counts.transfers),
        str(counts.forks) if counts.forks else "-",
        f"{figure.peak_kib / 1024:.0f}",
    )


def _machine(machine: Machine) -> str:
    kind = "a virtual machine" if machine.is_virtual else "no virtual machine"
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    before, after = machine.load
    return (
        f"{machine.cores} cores ({machine.processor}, {kind}, not emulated), "
        f"{machine.memory_gib} GiB of memory, {machine.system}; "
        f"client and server are on the same machine.\n{versions}.\n"
        f"Load average when the run began {before:.1f}, when it ended {after:.1f}.\n"
    )
