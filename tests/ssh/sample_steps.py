"""Steps and a report for tests of the engine: plain shell on files of a test's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from provision.facts import Facts
from provision.report import StepResult
from provision.shell import quote
from provision.step import Change, Step


@dataclass(frozen=True)
class Text(Step):
    """A file that holds one line."""

    kind: ClassVar[str] = "text"

    path: Path
    text: str = "there"
    before: str = ""
    """Shell that runs first."""

    @property
    def name(self) -> str:
        return self.path.name

    def probe(self) -> str:
        return f"cat {quote(str(self.path))}"

    def plan(self, state: str, facts: Facts) -> Change | None:
        if state == self.text:
            return None
        write = f"printf '%s\\n' {quote(self.text)} > {quote(str(self.path))}"
        return Change(f"write {self.name}", f"{self.before}\n{write}")


@dataclass(frozen=True)
class Broken(Step):
    """A step whose probe and change are given."""

    kind: ClassVar[str] = "broken"

    word: str
    look: str = ":"
    act: str = "true"
    wanted: str = "\0never"

    @property
    def name(self) -> str:
        return self.word

    def probe(self) -> str:
        return self.look

    def plan(self, state: str, facts: Facts) -> Change | None:
        return None if state == self.wanted else Change(f"do {self.word}", self.act)


@dataclass(frozen=True)
class Verify(Step):
    """A check: it can fail, and nothing can be done about it."""

    kind: ClassVar[str] = "verify"

    script: str

    @property
    def name(self) -> str:
        return self.script

    def probe(self) -> str:
        return f"if {{ {self.script}; }} >/dev/null 2>&1; then echo ok; fi"

    def plan(self, state: str, facts: Facts) -> Change | None:
        return None if state == "ok" else Change(f"`{self.script}` fails", "")


@dataclass(frozen=True)
class Joint(Step):
    """Files that are probed at once and made at once; one of a bad name cannot be made."""

    kind: ClassVar[str] = "joint"

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def probe(self) -> str:
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        return None if state == "there" else Change(f"make {self.name}", make([self]))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        names = " ".join(quote(str(s.path)) for s in steps if isinstance(s, Joint))
        return f'for f in {names}; do if [ -e "$f" ]; then echo there; else echo; fi; done'

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        lines = output.split("\n")
        return lines + [""] * (len(steps) - len(lines))

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change:
        joint = [step for step in steps if isinstance(step, Joint)]
        return Change(f"make {len(joint)} files", make(joint))


@dataclass(frozen=True)
class Reading(Joint):
    """Files that are read at once, one after the other."""

    kind: ClassVar[str] = "reading"

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        names = " ".join(quote(str(s.path)) for s in steps if isinstance(s, Joint))
        return f'for f in {names}; do cat "$f"; echo; done'


def make(steps: Sequence[Joint]) -> str:
    """Make all files, or none when one is bad, as package managers do."""
    names = " ".join(quote(str(step.path)) for step in steps)
    return (
        f'for f in {names}; do case $f in *bad*) echo "no such thing: $f"; exit 100 ;; esac; done\n'
        f"touch {names}"
    )


@dataclass
class Recorder:
    """Keeps what the engine tells."""

    events: list[tuple[str, ...]] = field(default_factory=list)

    def step_begins(self, step_id: str, summary: str) -> None:
        self.events.append(("begins", step_id))

    def step_says(self, step_id: str, line: str) -> None:
        self.events.append(("says", step_id, line))

    def step_ends(self, result: StepResult) -> None:
        self.events.append(("ends", result.id, result.status))
