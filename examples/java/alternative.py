"""A step kind of one's own: which of several installed programs a command means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from provision import Change, Facts, Step, quote


@dataclass(frozen=True)
class Alternative(Step):
    """The program behind a command that several packages offer, as `update-alternatives` keeps it.

    State: the path of the program that is chosen now, or nothing.
    """

    kind: ClassVar[str] = "alternative"

    command: str
    path: str
    """Where the program is; `{arch}` means the guest's architecture, such as `amd64`."""

    @property
    def name(self) -> str:
        """The command."""
        return self.command

    def probe(self) -> str:
        """Read the link that makes the choice."""
        return f"readlink -- /etc/alternatives/{quote(self.command)}"

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Choose the wanted program where another one is chosen."""
        path = self.path.format(arch=facts.arch)
        if state == path:
            return None
        script = f"update-alternatives --set {quote(self.command)} {quote(path)}"
        return Change(f"let {self.command} mean {path}", script)

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Read all links with one process."""
        names = " ".join(quote(step.name) for step in steps)
        return f"cd /etc/alternatives && find {names} -maxdepth 0 -printf '%f\\t%l\\n'"

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each command's path; one that has no link is not in the answer."""
        chosen = dict(line.split("\t", 1) for line in output.split("\n") if line)
        return [chosen.get(step.name, "") for step in steps]
