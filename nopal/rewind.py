"""Going back to a checkpoint: with the memory while the machine runs, else by the disk alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from lima.errors import LimaError
from provision.errors import ConvergeError

from . import lost_since
from .checkpoint_notes import Checkpoint
from .checkpoints import Checkpoints
from .machine_errors import MachineError
from .rewound_guest import reconnect

if TYPE_CHECKING:
    from lima.instance import Instance

    from .machine import Machine


@dataclass(frozen=True)
class Rewound:
    """How a rewind came out."""

    by: Literal["memory", "disk"]
    was_running: bool
    """Whether the machine ran before; after a rewind of the disk alone it is stopped."""


@dataclass(frozen=True)
class Rewind:
    """Rewinds of one machine, to one of its checkpoints."""

    checkpoints: Checkpoints

    @property
    def machine(self) -> Machine:
        """Whose checkpoints they are."""
        return self.checkpoints.machine

    def what_would_be_lost(self, checkpoint: Checkpoint) -> tuple[lost_since.LostSince, ...] | None:
        """Ask the machine what it has since; None when it can't be asked."""
        lines: list[str] = []
        try:
            _state, transport = self.machine.reach()
            try:
                transport.run(lost_since.script(checkpoint.made), lines.append)
            finally:
                transport.close()
        except (MachineError, ConvergeError):
            return None
        return lost_since.read_answer(lines)

    def to(self, name: str) -> Rewound:
        """Bring the machine back to the checkpoint `name`: what was since is gone.

        A running machine goes on from there where the checkpoint holds a memory that fits it. Else
        it is stopped, and its disk alone goes back.

        Raises:
            NoSuchMachine, NoSuchCheckpoint: there is nothing to go back to.
            LimaError: it could not be brought back.
            ConvergeError: it is back, and nobody can log in.
        """
        machine, driver = self.machine, self.machine.driver
        with machine.locked():
            instance, found = self.checkpoints.look(name)
            was_running = instance.is_running
            self._begin(found)
            if was_running and self._fits(found, instance) and self._resumed(found, instance):
                self._end(found)
                return Rewound("memory", was_running)
            if instance.status != "Stopped":
                # What it has now is thrown away, so it need not end well.
                driver.stop(machine.name, force=True)
                instance, found = self.checkpoints.look(name)
            machine.way_in.forget()
            with machine.reporter.activity(f"rewinding the disk to {found.name}"):
                driver.checkpoints.apply(instance, found.name)
            self._end(found)
            return Rewound("disk", was_running)

    def _fits(self, checkpoint: Checkpoint, instance: Instance) -> bool:
        """Whether the memory can be brought back; QEMU does not see all that would be wrong."""
        note = checkpoint.note
        if not checkpoint.is_live:
            return False
        why = ""
        if note is None:
            why = "it is not known for which machine its memory was kept"
        elif (note.cpus, note.memory) != (instance.cpus, instance.memory):
            why = "the machine has other CPUs or memory now"
        elif instance.config is not None and instance.config.mounts:
            why = "folders of this computer are mounted, and would hang"
        if why:
            self._say_disk_only(why)
        return not why

    def _resumed(self, checkpoint: Checkpoint, instance: Instance) -> bool:
        """Bring the running machine back; return False where its memory can't be had."""
        try:
            with self.machine.reporter.activity(f"rewinding to {checkpoint.name}"):
                self.machine.driver.checkpoints.apply(instance, checkpoint.name)
        except LimaError as error:
            self._say_disk_only(str(error))
            return False
        reconnect(self.machine)
        return True

    def _say_disk_only(self, why: str) -> None:
        self.machine.reporter.say(f"only the disk goes back, and the machine boots: {why}")

    def _begin(self, checkpoint: Checkpoint) -> None:
        """Forget what will not hold, and note what is under way."""
        self.checkpoints.note(rewinding=checkpoint.name)
        self._remember(converged="")

    def _end(self, checkpoint: Checkpoint) -> None:
        """Remember what held when the checkpoint was made."""
        note = checkpoint.note
        if note is not None:
            self._remember(converged=note.converged, profiles=note.profiles, cloned=note.cloned)
        self.checkpoints.note(rewinding="")

    def _remember(self, **changes: object) -> None:
        states = self.machine.states
        state = states.read(self.machine.name)
        states.write(msgspec.structs.replace(state, poor_master="", fit_master="", **changes))
