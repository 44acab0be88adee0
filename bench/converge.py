"""One tool, set to do one workload over one link, and held to what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .clock import Command, CommandFailed, Run
from .link import Link
from .tools import Case, Tool
from .workload import Workload, workload


@dataclass(frozen=True)
class Converge:
    """A command that converges, held to what it says."""

    command: Command
    work: Workload

    def first(self) -> Run:
        """Do all the work; raises CommandFailed when some is left."""
        self.work.reset()
        run = self.command.run()
        faults = self.work.faults()
        if faults:
            raise CommandFailed(self.command.words, f"left {', '.join(faults)}", run.output)
        return run

    def again(self) -> Run:
        """Find that nothing is to be done; raises CommandFailed when something was changed."""
        before = self.work.stamps()
        run = self.command.run()
        if self.work.stamps() != before:
            raise CommandFailed(self.command.words, "changed what was right", run.output)
        return run


def prepare(tool: Tool, link: Link, tree: Path, size: int, packages: tuple[str, ...]) -> Converge:
    """Set `tool` to `size` resources below `tree`, and let it do them once."""
    words = "".join(c if c.isalnum() else "-" for c in tool.name)
    work = workload(tree, size, packages)
    case = Case(link.place / f"{words}-{size}-{tree.name}", link, work)
    command = tool.prepare(case)
    work.reset()
    command.run()
    return Converge(command, work)
