"""Steps that are only data, for the pure parts of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from provision.facts import Facts
from provision.step import Change, Step

FACTS = Facts("debian", "trixie", "13", "x86_64", "6.12", "dev", "/home/dev", ("dev",), 1000)
ROOT = Facts("debian", "trixie", "13", "x86_64", "6.12", "root", "/root", ("root",), 0)


@dataclass(frozen=True)
class Thing(Step):
    """State: its value."""

    kind: ClassVar[str] = "thing"

    word: str
    value: str = "yes"
    script: str = "true"

    @property
    def name(self) -> str:
        return self.word

    def probe(self) -> str:
        return f"look {self.word}"

    def plan(self, state: str, facts: Facts) -> Change | None:
        if state == "number":
            int(state)
        return None if state == self.value else Change(f"set {self.word}", self.script)


@dataclass(frozen=True)
class Source(Thing):
    kind: ClassVar[str] = "source"


@dataclass(frozen=True)
class Package(Thing):
    """Probed and changed together, but never before a source that comes first."""

    kind: ClassVar[str] = "package"
    merges_after: ClassVar[tuple[str, ...]] = ("source",)

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        return "look " + " ".join(step.name for step in steps)

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        return output.split()

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change:
        names = " ".join(step.name for step in steps)
        return Change(f"install {names}", f"install {names}")
