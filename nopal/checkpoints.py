"""Checkpoints of one machine: made, listed, deleted.

Each verb first looks at what is on the disk and brings the notes to it, so that what a killed one
left is finished by the next.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from provision.errors import ConvergeError
from provision.transport.openssh import OpenSshTransport, is_master_alive

from .checkpoint_errors import CheckpointExists, NoRoom, NoSuchCheckpoint
from .checkpoint_notes import Checkpoint, Note, NoteStore, free_name, to_drop, together
from .machine_errors import MachineError, NoSuchMachine, NotRunning
from .rewound_guest import reconnect

if TYPE_CHECKING:
    from lima.instance import Instance

    from .driver import Driver
    from .machine import Machine

_SPARE_BYTES = 1024**3
_SYNC_WITHIN_S = 20


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one machine."""

    machine: Machine
    clock: Callable[[], float] = field(default=time.time, repr=False)
    free_bytes: Callable[[Path], int] = field(
        default=lambda folder: shutil.disk_usage(folder).free, repr=False
    )
    keeps_memory: bool = field(default=True, kw_only=True)
    """Whether one of the running machine holds its memory, too."""

    def all(self) -> tuple[Checkpoint, ...]:
        """Return them, the oldest first. Raises `NoSuchMachine`, `LimaError`."""
        with self.machine.locked():
            return self._settled(self._instance())

    def find(self, name: str = "") -> Checkpoint:
        """Return the one of that name, or the newest. Raises as `delete` does."""
        with self.machine.locked():
            return self.look(name)[1]

    def look(self, name: str) -> tuple[Instance, Checkpoint]:
        """Return the machine, whose lock the caller holds, and its checkpoint as `find` does."""
        instance = self._instance()
        found = self._settled(instance)
        wanted = [one for one in found if name in ("", one.name)]
        if not wanted:
            raise NoSuchCheckpoint(instance.name, name, tuple(one.name for one in found))
        return instance, wanted[-1]

    def make(self, name: str = "") -> tuple[Checkpoint, bool]:
        """Make one, named or not; return it, and whether the machine had to be stopped for it.

        Raises:
            NoSuchMachine, NotRunning: there is no machine that is whole.
            CheckpointExists, NoRoom: it may not be.
            LimaError: it could not be made.
        """
        with self.machine.locked():
            instance = self._instance()
            before = self._settled(instance)
            names = [one.name for one in before]
            if name in names:
                raise CheckpointExists(self.machine.name, name)
            name = name or free_name(int(self.clock()), names)
            instance, stopped = self._held_still(instance)
            if instance.is_running and not self.keeps_memory:
                self.machine.reporter.say(
                    "the checkpoint holds the disk alone: secrets may be in the memory"
                )
            elif instance.is_running and not any(one.is_live for one in before):
                self.machine.reporter.say(
                    "a checkpoint of a running machine holds its memory, and with it any secret"
                    " that is there: on this computer's disk, for you alone to read (0600)"
                )
            with self.machine.reporter.activity(f"making the checkpoint {name}"):
                self._create(instance, name, with_memory=self.keeps_memory)
            self.note(notes=(*self._store.read(instance.name).notes, self._now(name, instance)))
            made = self._settled(instance)
            for old in to_drop(made):
                self.machine.reporter.say(
                    f"drops the checkpoint {old.name}, an old one without a name"
                )
                self._driver.checkpoints.delete(instance, old.name)
            return next(one for one in made if one.name == name), stopped

    @contextmanager
    def passing(self) -> Iterator[tuple[str, bool]]:
        """Yield the name of one of the disk that ends with the block; otherwise as `make`.

        It has no name of a person's: if this is killed, it goes by itself.
        """
        with self.machine.locked():
            instance = self._instance()
            names = [one.name for one in self._settled(instance)]
            name = free_name(int(self.clock()), names)
            instance, stopped = self._held_still(instance)
            self._create(instance, name, with_memory=False)
            try:
                yield name, stopped
            finally:
                self._driver.checkpoints.delete(instance, name)

    def delete(self, name: str) -> None:
        """Forget one. Raises `NoSuchMachine`, `NoSuchCheckpoint`, `LimaError`."""
        with self.machine.locked():
            instance, found = self.look(name)
            self._driver.checkpoints.delete(instance, found.name)
            self._settled(instance)

    def note(self, **changes: object) -> None:
        """Change what is remembered; the caller holds the machine's lock."""
        notes = self._store.read(self.machine.name)
        self._store.write(self.machine.name, msgspec.structs.replace(notes, **changes))

    @property
    def _driver(self) -> Driver:
        return self.machine.driver

    @property
    def _store(self) -> NoteStore:
        return NoteStore(self.machine.states.checkpoints)

    def _instance(self) -> Instance:
        instance = self._driver.instance(self.machine.name)
        if instance is None:
            raise NoSuchMachine(self.machine.name)
        return instance

    def _settled(self, instance: Instance) -> tuple[Checkpoint, ...]:
        """Return what is on the disk, after bringing the notes to it."""
        notes = self._store.read(instance.name)
        if notes.rewinding and instance.is_running:
            reconnect(self.machine)
        found = together(self._driver.checkpoints.list(instance.name), notes)
        kept = tuple(one.note for one in found if one.note is not None)
        settled = msgspec.structs.replace(notes, notes=kept, rewinding="")
        if settled != notes:
            self._store.write(instance.name, settled)
        return found

    def _held_still(self, instance: Instance) -> tuple[Instance, bool]:
        """Return the machine as it can be copied, and whether it was stopped for that."""
        if instance.is_broken:
            raise NotRunning(self.machine.name, instance.status.lower())
        if not instance.is_running or self._driver.checkpoints.is_live:
            return instance, False
        with self.machine.reporter.activity("stopping, since this kind of machine can't go on"):
            self._driver.stop(self.machine.name)
        self.machine.way_in.forget()
        return self._instance(), True

    def _create(self, instance: Instance, name: str, *, with_memory: bool) -> None:
        needed = _SPARE_BYTES
        if with_memory or not self._driver.checkpoints.is_live:
            needed += self._driver.checkpoints.bytes_needed(instance)
        free = self.free_bytes(Path(instance.dir))
        if free < needed:
            raise NoRoom(self.machine.name, needed, free)
        if instance.is_running:
            self._flush()
        self._driver.checkpoints.create(instance, name, with_memory=with_memory)

    def _flush(self) -> None:
        """Have the guest write what it holds back: the disk may be wanted without the memory."""
        try:
            state = self.machine.states.read(self.machine.name)
            address = self.machine.way_in.address(state)
            master = address.control_path
            if master is not None and is_master_alive(master):
                transport = OpenSshTransport(address, answers_within_s=_SYNC_WITHIN_S)
                transport.run("sync && echo", lambda _line: None)
        except (MachineError, ConvergeError) as error:
            self.machine.reporter.log(f"the guest was not asked to write all back: {error}")

    def _now(self, name: str, instance: Instance) -> Note:
        state = self.machine.states.read(self.machine.name)
        return Note(
            name=name,
            cpus=instance.cpus,
            memory=instance.memory,
            converged=state.converged,
            profiles=state.profiles,
            cloned=state.cloned,
        )
