"""Goes through tools, sizes and links, and measures each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from .clock import Command, CommandFailed, Run, in_pairs
from .converge import Converge, prepare
from .installs import CannotInstall, Installs, make_system
from .link import Link, linked
from .results import Cell, Comparison, Figure, Kind
from .server import Counts, running_server
from .tools import RECIPES, ROOT, Installation, Tool, clean_environment
from .workload import installed_packages

KINDS: tuple[Kind, ...] = ("first", "no-op")


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    sizes: tuple[int, ...] = (21, 200, 1000)
    rtts_ms: tuple[int, ...] = (0, 50)
    most_pairs: int = 15
    budget_s: float = 12
    """For the pairs of one of nopal's cells; at least one is made."""
    peer_budget_s: float = 6
    patience_s: float = 30
    """A run that would take longer is left out."""
    install_pairs: int = 3

    def effort(self, cell: Cell, *, is_ours: bool) -> tuple[int, float]:
        """Return how many pairs to make at most of a cell, and for how long."""
        if is_ours:
            return self.most_pairs, self.budget_s
        is_slowest = (cell.resources, cell.rtt_ms) == (self.sizes[-1], self.rtts_ms[-1])
        return (1 if is_slowest else self.most_pairs), self.peer_budget_s


QUICK = Extent(sizes=(21,), rtts_ms=(0, 5), most_pairs=1, install_pairs=0)


@dataclass(frozen=True)
class Suite:
    """All that is measured in one scratch folder."""

    scratch: Path
    nopal: Installation
    tools: Sequence[Tool]
    extent: Extent
    say: Callable[[str], None]

    @property
    def tree(self) -> Path:
        """Where tools write."""
        return self.scratch / "tree"

    def figures(self) -> Iterator[Figure]:
        """Measure every tool."""
        packages = installed_packages()
        with running_server(self.scratch / "server") as server:
            for rtt_ms in self.extent.rtts_ms:
                with linked(server, self.scratch / f"link-{rtt_ms}", rtt_ms) as link:
                    for tool in self.tools:
                        try:
                            yield from self._tool(tool, link, packages)
                        except CommandFailed as error:
                            if tool.is_ours:
                                raise
                            self.say(f"without {tool.name}: {error}")

    def with_forks(self, figures: Sequence[Figure]) -> list[Figure]:
        """Return `figures` with the processes that each no-op over a quick link starts."""
        if shutil.which("strace") is None:
            self.say("without counts of processes on the target: there is no strace")
            return list(figures)
        packages = installed_packages()
        counted = []
        with ExitStack() as stack:
            server = stack.enter_context(running_server(self.scratch / "traced", is_traced=True))
            link = stack.enter_context(linked(server, self.scratch / "traced-link", 0))
            for figure in figures:
                cell = figure.cell
                tool = next(tool for tool in self.tools if tool.name == cell.tool)
                if figure.pairs is None or cell.kind != "no-op" or cell.rtt_ms:
                    counted.append(figure)
                    continue
                self.say(f"{cell.tool}, {cell.resources}: processes on the target")
                converge = prepare(tool, link, self.tree, cell.resources, packages)
                before = server.counts()
                converge.command.run()
                forks = server.counts().since(before).forks
                counted.append(replace(figure, counts=replace(figure.counts, forks=forks)))
        return counted

    def growth(self) -> Iterator[Comparison]:
        """Measure nopal's no-op of the largest workload beside that of the smallest."""
        small, large = self.extent.sizes[0], self.extent.sizes[-1]
        packages = installed_packages()
        with (
            running_server(self.scratch / "growth") as server,
            linked(server, self.scratch / "growth-link", 0) as link,
        ):
            for tool in (tool for tool in self.tools if tool.is_ours and large > small):
                first = prepare(tool, link, self.tree, large, packages).command
                second = prepare(tool, link, self.scratch / "small", small, packages).command
                yield self._compare(f"growth: {tool.name}", first, second)

    def stages(self) -> list[tuple[str, float]]:
        """Return what a no-op over Fabric does, and the milliseconds of each part."""
        self.say("the parts of a no-op")
        with (
            running_server(self.scratch / "stages") as server,
            linked(server, self.scratch / "stages-link", 0) as link,
        ):
            tool = self.nopal.tools()[0]
            size = self.extent.sizes[0]
            converge = prepare(tool, link, self.tree, size, installed_packages()).command
            anatomy = replace(converge, words=(self.nopal.python, "anatomy.py"))
            runs = [json.loads(anatomy.run().output) for _ in range(self.extent.most_pairs)]
        names = [name for name, _ms in runs[0]]
        times = zip(*[[ms for _name, ms in run] for run in runs], strict=True)
        return [(name, median(column)) for name, column in zip(names, times, strict=True)]

    def commands(self) -> Iterator[Comparison]:
        """Measure what needs no server: lists of tasks, imports."""
        bare, ours = self.scratch / "bare", self.scratch / "ours"
        shutil.copytree(RECIPES / "bare", bare)
        ours.mkdir()
        shutil.copy(ROOT / "tasks.py", ours)
        home = self.scratch / "home"
        home.mkdir()
        environment = {**clean_environment(home), **self.nopal.environment}
        invoke, python = self.nopal.invoke, self.nopal.python

        def command(folder: Path, *words: str) -> Command:
            return Command(words, folder, environment)

        for name, words in (
            ("inv --list", ("--list",)),
            ("inv --complete", ("--complete", "--", "inv ")),
        ):
            listing, least = command(ours, *invoke, *words), command(bare, *invoke, *words)
            yield self._compare(name, listing, least)
        nothing = command(bare, python, "-c", "pass")
        yield self._compare("inv, one task", command(bare, *invoke, "nothing"), nothing)
        fabric = command(bare, python, "-c", "import fabric")
        yield self._compare("import fabric", fabric, nothing)

    def installs(self, cache: Path) -> Iterator[Comparison]:
        """Measure real installs, where there is a system to install into."""
        if not self.extent.install_pairs:
            return
        tool = self.nopal.tools()[0]
        try:
            system = make_system(cache, self.say)
            place = self.scratch / "installs"
            installs = Installs(system, place, tool, self.extent.install_pairs, self.say)
            yield from installs.compare()
        except CannotInstall as error:
            self.say(f"without real installs: {error}")

    def _compare(self, name: str, first: Command, second: Command) -> Comparison:
        self.say(name)
        runs = [(first.run(), second.run())]
        extent = self.extent
        pairs, peak = in_pairs(
            first.run, second.run, most=extent.most_pairs, budget_s=extent.budget_s
        )
        return Comparison(name, pairs, peak, runs[0][1].peak_kib)

    def _tool(self, tool: Tool, link: Link, packages: tuple[str, ...]) -> Iterator[Figure]:
        took_s: dict[Kind, float] = {}
        last_size = self.extent.sizes[0]
        for size in self.extent.sizes:
            expected_s = {kind: s * size / last_size for kind, s in took_s.items()}
            kinds = [k for k in KINDS if expected_s.get(k, 0) <= self.extent.patience_s]
            for kind in KINDS:
                if kind not in kinds:
                    self.say(f"{tool.name}, {size}, {kind}: left out, {expected_s[kind]:.0f} s")
                    cell = Cell(tool.name, size, link.rtt_ms, kind)
                    yield Figure(cell, None, expected_s[kind])
            if not kinds:
                continue
            converge = prepare(tool, link, self.tree, size, packages)
            for kind in kinds:
                cell = Cell(tool.name, size, link.rtt_ms, kind)
                effort = self.extent.effort(cell, is_ours=tool.is_ours)
                figure = self._figure(cell, converge, link, effort)
                if figure.pairs is not None:
                    took_s[kind] = figure.pairs.first_s
                yield figure
            last_size = size

    def _figure(
        self, cell: Cell, converge: Converge, link: Link, effort: tuple[int, float]
    ) -> Figure:
        measure = converge.first if cell.kind == "first" else converge.again
        server, (most, budget_s) = link.server, effort
        counts: list[Counts] = []
        environment = clean_environment(server.place / "home")
        floor = Command(tuple(link.cold_ssh()), link.place, environment)

        def counted() -> Run:
            before = server.counts()
            run = measure()
            counts.append(server.counts().since(before))
            return run

        # It was run before, by `prepare` at least: what a tool keeps for the next time is there.
        pairs, peak_kib = in_pairs(counted, floor.run, most=most, budget_s=budget_s)
        self.say(
            f"{cell.tool}, {cell.resources}, {cell.rtt_ms} ms, {cell.kind}: "
            f"{pairs.ratio:.2f} ({len(pairs.times)} pairs), {counts[-1].execs} execs"
        )
        return Figure(cell, pairs, counts=counts[-1], peak_kib=peak_kib)
