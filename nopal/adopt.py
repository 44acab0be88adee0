"""Taking a machine over as it is: one without a project, or with another host key than before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from .machine_errors import MachineError, NoSuchMachine

if TYPE_CHECKING:
    from .machine import Machine


@dataclass(eq=False)
class NameTaken(MachineError):
    """The project that is to get a machine has one."""

    name: str
    wanted: str

    def __str__(self) -> str:
        return (
            f"{self.wanted} has a machine of its own, so it cannot take over {self.name}'s;\n"
            f"end one of them: inv destroy -p {self.wanted}, or inv destroy -p {self.name}"
        )


@dataclass(frozen=True)
class Adoption:
    """A machine, and the one that it is to be; both may be the same."""

    machine: Machine
    heir: Machine
    owner: str = ""
    """The repo directory whose file asks for the heir; empty for the person's own."""

    def make(self) -> None:
        """Make the machine the heir's, stopped if its name changes. May be repeated when killed.

        Raises:
            NoSuchMachine: there is nothing to take over.
            NameTaken: the heir has a machine.
            LimaError: it could not be stopped or renamed.
        """
        with self._locked():
            driver = self.machine.driver
            there = driver.instance(self.machine.name)
            if self.machine.name == self.heir.name:
                if there is None:
                    raise NoSuchMachine(self.machine.name)
                self._trust_anew()
                return
            taken = driver.instance(self.heir.name) is not None
            if there is None and not (taken and self._was_renamed()):
                raise NoSuchMachine(self.machine.name)
            if there is not None:
                if taken:
                    raise NameTaken(self.machine.name, self.heir.name)
                self.machine.stop()
                self._write_state()
                driver.rename(self.machine.name, self.heir.name)
            states = self.machine.states
            states.move_notes(self.machine.name, self.heir.name)
            self.machine.pins.remove(self.machine.name)
            states.remove(self.machine.name)

    def _trust_anew(self) -> None:
        """Forget the pinned host key: the next login pins the one that it finds."""
        states = self.machine.states
        state = states.read(self.machine.name)
        self.machine.pins.remove(self.machine.name)
        states.write(
            msgspec.structs.replace(
                state, owner=self.owner, pinned=False, converged="", ssh=None, poor_master=""
            )
        )

    def _write_state(self) -> None:
        pins = self.machine.pins
        pins.add(self.heir.name, *pins.read(self.machine.name))
        state = self.machine.states.read(self.machine.name)
        self.heir.states.write(
            msgspec.structs.replace(
                state,
                name=self.heir.name,
                owner=self.owner,
                converged="",
                ssh=None,
                poor_master="",
                fork_of="",
            )
        )

    def _was_renamed(self) -> bool:
        """Whether an adoption was killed after the machine had got its new name."""
        return {self.machine.name, self.heir.name} <= {*self.machine.states.names()}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # In one order, so that two of them can't wait for each other.
        first, *rest = sorted({m.name: m for m in (self.machine, self.heir)}.items())
        with first[1].locked():
            if not rest:
                yield
                return
            with rest[0][1].locked():
                yield
