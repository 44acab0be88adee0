"""Brings what has a moving version to its newest, in place, and finds out what moved.

Moving are the Debian packages, and the programs whose `version` is `latest`. All other steps hold
as they do at each `up`: some of them repair what a newer program brings along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from provision.engine import converge
from provision.look import Question, look
from provision.step import Step
from provision.steps.apt_upgrade import AptUpgrade
from provision.steps.first_of import FirstOf
from provision.steps.program import Program

if TYPE_CHECKING:
    from provision.engine import Outcome
    from provision.transport import Transport

    from .machine import Machine
    from .report import Reporter
    from .wish import Wish

APT = "apt"
"""What a person calls the Debian packages where profiles are named."""
_PACKAGES = Question(
    "packages",
    "dpkg-query -W -f='${db:Status-Status} ${binary:Package} ${Version}\\n' |"
    " sed -n 's/^installed //p'",
)
_RESTART = Question("restart", "[ ! -e /run/reboot-required ] || echo wanted")


@dataclass(frozen=True)
class Moved:
    """One program whose version is another one now."""

    kind: str
    """Who installs it: `apt`, `npm`, …"""
    name: str
    before: str
    """Empty where it is new."""
    after: str
    """Empty where it is gone."""

    def __str__(self) -> str:
        return f"{self.name} {self.before or '(new)'} -> {self.after or '(gone)'}"


@dataclass(frozen=True)
class Update:
    """What an update did."""

    moved: tuple[Moved, ...]
    wants_restart: bool
    outcome: Outcome

    def as_data(self, machine: str) -> dict[str, object]:
        """Return it for `--json`."""
        moved = [asdict(each) for each in self.moved]
        return {"machine": machine, "moved": moved, "wants_restart": self.wants_restart}


@dataclass(frozen=True)
class Versions:
    """What is installed at one time, by kind and name."""

    of: Mapping[tuple[str, str], str]
    wants_restart: bool

    def moved_since(self, before: Versions) -> tuple[Moved, ...]:
        """Return what differs, in the order of kinds and names."""
        return tuple(
            Moved(kind, name, before.of.get((kind, name), ""), self.of.get((kind, name), ""))
            for kind, name in sorted(before.of.keys() | self.of.keys())
            if before.of.get((kind, name)) != self.of.get((kind, name))
        )


def moving(steps: Sequence[Step], only: Collection[str] = ()) -> tuple[Program, ...]:
    """Return the programs at `latest` once each, those among alternatives too.

    `only` names profiles: those of others do not count.
    """
    found: dict[str, Program] = {}
    for step in steps:
        if not only or not set(only).isdisjoint(step.tags):
            for each in _flat(step):
                if isinstance(each, Program) and each.is_latest:
                    found.setdefault(each.id, each)
    return tuple(found.values())


def moved(steps: Sequence[Step], only: Collection[str] = ()) -> tuple[Step, ...]:
    """Return `steps` such that they bring what moves to its newest.

    `only` names profiles, and `apt`: what belongs to none of them stays as it is.
    """
    chosen = {step.id: step for step in moving(steps, only)}
    upgrade = [AptUpgrade()] if not only or APT in only else []
    own = [
        replace(step, moves=True) if isinstance(step, Program) and step.id in chosen else step
        for step in steps
    ]
    # An alternative is moved on its own: what it is one of holds whichever version is there.
    inner = [replace(chosen[name], moves=True) for name in chosen.keys() - {s.id for s in steps}]
    return (*upgrade, *own, *inner)


def update(
    transport: Transport,
    steps: Sequence[Step],
    reporter: Reporter,
    *,
    only: Collection[str] = (),
    requires: Mapping[str, Collection[str]] | None = None,
    sudo_password: str = "",
) -> Update:
    """Bring what moves to its newest; a step that failed is in the outcome.

    `requires` tells which profiles are left alone when which fail.

    Raises:
        ConvergeError: the guest could not be reached, or refuses sudo.
    """
    programs = moving(steps)
    before = _versions(transport, programs)
    outcome = converge(
        transport,
        moved(steps, only),
        reporter,
        keep_going=True,
        requires=requires,
        log=reporter.stream(),
        sudo_password=sudo_password,
    )
    reporter.sums_up(outcome)
    after = _versions(transport, programs)
    return Update(after.moved_since(before), after.wants_restart, outcome)


def update_machine(
    machine: Machine,
    wish: Wish,
    *,
    only: Collection[str] = (),
    prepare: Callable[[], None] = lambda: None,
) -> Update:
    """Bring the machine up, and then what moves in it to its newest.

    Raises: see `Machine.up`; a step that failed afterwards is in the outcome.
    """
    machine.up(wish, prepare=prepare)
    with machine.locked():
        _state, transport = machine.reach(wish)
        try:
            return update(
                transport, wish.steps, machine.reporter, only=only, requires=wish.requires
            )
        finally:
            transport.close()


def _versions(transport: Transport, programs: Sequence[Program]) -> Versions:
    asked = {program: Question(program.id, program.probe()) for program in programs}
    _facts, answers = look(transport, [_PACKAGES, _RESTART, *asked.values()])
    found = {
        (program.kind, program.name): program.installed(answers[question.about] or "")
        for program, question in asked.items()
    }
    for line in (answers[_PACKAGES.about] or "").split("\n"):
        if package := re.fullmatch(r"(\S+) (\S+)", line):
            found[APT, package[1]] = package[2]
    present = {key: version for key, version in found.items() if version}
    return Versions(present, bool(answers[_RESTART.about]))


def _flat(step: Step) -> Iterator[Step]:
    yield step
    for inner in step.steps if isinstance(step, FirstOf) else ():
        yield from _flat(inner)
