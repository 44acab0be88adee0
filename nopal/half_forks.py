"""Forks that are being made, or were when their command was killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Machine
    from .state import StateStore


@dataclass(frozen=True)
class HalfForks:
    """Their marks, an empty file each: a machine with a mark and without a state is half a fork."""

    folder: Path

    def names(self) -> tuple[str, ...]:
        """Return the machines that are no more than half a fork."""
        return tuple(sorted(path.name for path in self.folder.glob("*")))

    @contextmanager
    def marked(self, machine: Machine) -> Iterator[None]:
        """Hold the mark of `machine` while it is made; where that fails, nothing is left."""
        self.clear(machine)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / machine.name).touch(mode=0o600)
        try:
            yield
        finally:
            self.clear(machine)

    def clear(self, machine: Machine) -> bool:
        """Remove half a fork, whose lock the caller holds; return whether there was one."""
        mark = self.folder / machine.name
        if not mark.exists():
            return False
        # With a state it is whole, and its maker was killed at the very end.
        is_half = machine.name not in machine.states.names()
        if is_half and machine.driver.instance(machine.name) is not None:
            machine.driver.delete(machine.name)
        if is_half:
            machine.pins.remove(machine.name)
        mark.unlink()
        return is_half


def half_forks(states: StateStore) -> HalfForks:
    """Return the marks that are kept beside the states."""
    return HalfForks(states.checkpoints.parent / "forks")
