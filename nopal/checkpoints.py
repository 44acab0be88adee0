"""Checkpoints of one machine: made, listed, deleted, and gone back to.

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
from typing import TYPE_CHECKING, Literal

import msgspec

from lima.errors import LimaError
from provision.errors import ConvergeError, GuestUnreachable
from provision.transport.openssh import OpenSshTransport, is_master_alive

from . import lost_since
from .checkpoint_notes import Checkpoint, Note, NoteStore, free_name, to_drop, together
from .machine_errors import MachineError, NoSuchMachine, NotRunning
from .sizes import in_words

if TYPE_CHECKING:
    from lima.instance import Instance

    from .driver import Driver
    from .machine import Machine

_SPARE_BYTES = 1024**3
_SYNC_WITHIN_S = 20


@dataclass(eq=False)
class NoSuchCheckpoint(MachineError):
    """The machine has no such checkpoint."""

    machine: str
    name: str
    names: tuple[str, ...]
    exit_status = 2

    def __str__(self) -> str:
        if not self.names:
            return f"{self.machine} has no checkpoint; make one: inv checkpoint -p {self.machine}"
        return f"{self.machine} has no checkpoint {self.name}; it has {', '.join(self.names)}"


@dataclass(eq=False)
class CheckpointExists(MachineError):
    """A checkpoint of that name is there already."""

    machine: str
    name: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"{self.machine} has a checkpoint {self.name} already; choose another name, or:\n"
            f"inv checkpoint --delete {self.name} -p {self.machine}"
        )


@dataclass(eq=False)
class NoRoom(MachineError):
    """A checkpoint could fill this computer's disk."""

    machine: str
    needed: int
    free: int

    def __str__(self) -> str:
        return (
            f"no checkpoint of {self.machine}: it may need {in_words(self.needed)} of disk here,"
            f" and {in_words(self.free)} are free;\n"
            f"see what takes space: inv df, inv checkpoints -p {self.machine}"
        )


@dataclass(frozen=True)
class Rewound:
    """How a rewind came out."""

    checkpoint: Checkpoint
    by: Literal["memory", "disk"]
    was_running: bool
    """Whether the machine ran before; after a rewind of the disk alone it is stopped."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one machine."""

    machine: Machine
    clock: Callable[[], float] = field(default=time.time, repr=False)
    free_bytes: Callable[[Path], int] = field(
        default=lambda folder: shutil.disk_usage(folder).free, repr=False
    )

    def all(self) -> tuple[Checkpoint, ...]:
        """Return them, the oldest first. Raises `NoSuchMachine`, `LimaError`."""
        with self.machine.locked():
            return self._settled(self._instance())

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
            if instance.is_running and not any(one.is_live for one in before):
                self.machine.reporter.say(
                    "a checkpoint of a running machine holds its memory, and with it any secret"
                    " that is there: on this computer's disk, for you alone to read (0600)"
                )
            with self.machine.reporter.activity(f"making the checkpoint {name}"):
                self._create(instance, name)
            self._note(self._present(name, instance))
            made = self._settled(instance)
            for old in to_drop(made):
                self.machine.reporter.say(
                    f"drops the checkpoint {old.name}, an old one without name"
                )
                self._driver.checkpoints.delete(instance, old.name)
            return next(one for one in made if one.name == name), stopped

    @contextmanager
    def passing(self) -> Iterator[tuple[str, bool]]:
        """Yield the name of one that ends with the block; otherwise as `make`.

        It has no name of a person's: if this is killed, it goes by itself.
        """
        with self.machine.locked():
            instance = self._instance()
            names = [one.name for one in self._settled(instance)]
            name = free_name(int(self.clock()), names)
            instance, stopped = self._held_still(instance)
            self._create(instance, name)
            try:
                yield name, stopped
            finally:
                self._driver.checkpoints.delete(instance, name)

    def delete(self, name: str) -> Checkpoint:
        """Forget one. Raises `NoSuchMachine`, `NoSuchCheckpoint`, `LimaError`."""
        with self.machine.locked():
            instance = self._instance()
            found = self._called(name, self._settled(instance))
            self._driver.checkpoints.delete(instance, found.name)
            self._settled(instance)
            return found

    def find(self, name: str = "") -> Checkpoint:
        """Return the one of that name, or the newest. Raises as `delete` does."""
        return self._called(name, self.all())

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

    def rewind(self, name: str) -> Rewound:
        """Bring the machine back to a checkpoint: what was since is gone.

        A running machine goes on from there where the checkpoint holds a memory that fits it. Else
        it is stopped, and its disk alone goes back.

        Raises:
            NoSuchMachine, NoSuchCheckpoint, NotRunning: there is nothing to go back to.
            LimaError: it could not be brought back.
            ConvergeError: it is back, and nobody can log in.
        """
        with self.machine.locked():
            instance = self._instance()
            found = self._called(name, self._settled(instance))
            was_running = instance.is_running
            self._begin(found)
            if was_running and self._fits(found, instance) and self._resumed(instance, found):
                self._end(found)
                return Rewound(found, "memory", was_running)
            if instance.status != "Stopped":
                # What it has now is thrown away, so it need not end well.
                self._driver.stop(self.machine.name, force=True)
                instance = self._instance()
            self.machine.way_in.forget()
            with self.machine.reporter.activity(f"rewinding the disk to {found.name}"):
                self._driver.checkpoints.apply(instance, found.name)
            self._end(found)
            return Rewound(found, "disk", was_running)

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
            self._reconnect()
        found = together(self._driver.checkpoints.list(instance.name), notes)
        kept = tuple(one.note for one in found if one.note is not None)
        settled = msgspec.structs.replace(notes, notes=kept, rewinding="")
        if settled != notes:
            self._store.write(instance.name, settled)
        return found

    def _called(self, name: str, found: tuple[Checkpoint, ...]) -> Checkpoint:
        wanted = [one for one in found if name in ("", one.name)]
        if not wanted:
            names = tuple(one.name for one in found)
            raise NoSuchCheckpoint(self.machine.name, name, names)
        return wanted[-1]

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

    def _create(self, instance: Instance, name: str) -> None:
        self._check_room(instance)
        self._flush(instance)
        self._driver.checkpoints.create(instance, name)

    def _check_room(self, instance: Instance) -> None:
        needed = self._driver.checkpoints.bytes_needed(instance) + _SPARE_BYTES
        free = self.free_bytes(Path(instance.dir))
        if free < needed:
            raise NoRoom(self.machine.name, needed, free)

    def _flush(self, instance: Instance) -> None:
        """Have the guest write what it holds back: the disk may be wanted without the memory."""
        if not instance.is_running:
            return
        address = self.machine.quick_address()
        if address is None:
            return
        path = address.control_path
        try:
            if path is not None and is_master_alive(path):
                transport = OpenSshTransport(address, answers_within_s=_SYNC_WITHIN_S)
                transport.run("sync && echo", lambda _line: None)
        except ConvergeError as error:
            self.machine.reporter.log(f"the guest was not asked to write all back: {error}")

    def _present(self, name: str, instance: Instance) -> Note:
        state = self.machine.states.read(self.machine.name)
        return Note(
            name=name,
            cpus=instance.cpus,
            memory=instance.memory,
            converged=state.converged,
            profiles=state.profiles,
            cloned=state.cloned,
        )

    def _note(self, note: Note) -> None:
        notes = self._store.read(self.machine.name)
        changed = msgspec.structs.replace(notes, notes=(*notes.notes, note))
        self._store.write(self.machine.name, changed)

    def _fits(self, checkpoint: Checkpoint, instance: Instance) -> bool:
        """Whether the memory can be brought back; QEMU does not see all that would be wrong."""
        note = checkpoint.note
        if not checkpoint.is_live or not self._driver.checkpoints.is_live:
            return False
        why = ""
        if note is None:
            why = "it is not known for which machine its memory was kept"
        elif (note.cpus, note.memory) != (instance.cpus, instance.memory):
            why = "the machine has other CPUs or memory now"
        elif instance.config is not None and instance.config.mounts:
            why = "folders of this computer are mounted, and would hang"
        if why:
            self.machine.reporter.say(f"only the disk goes back, and the machine boots: {why}")
        return not why

    def _resumed(self, instance: Instance, checkpoint: Checkpoint) -> bool:
        """Bring the running machine back; return False where its memory can't be had."""
        try:
            with self.machine.reporter.activity(f"rewinding to {checkpoint.name}"):
                self._driver.checkpoints.apply(instance, checkpoint.name)
        except LimaError as error:
            self.machine.reporter.say(f"only the disk goes back, and the machine boots: {error}")
            return False
        self._reconnect()
        return True

    def _reconnect(self) -> None:
        """Bring a rewound guest back to the present: its connections, and its clock.

        Whatever was connected does not know that the guest is not the one it talked to.
        """
        with self.machine.reporter.activity("connecting anew, and setting the clock"):
            _state, transport = self.machine.reach()
            try:
                now = f"sudo -n date --utc --set=@{self.clock():.3f} >/dev/null"
                if transport.run(now, self.machine.reporter.log) != 0:
                    raise GuestUnreachable(self.machine.name, "its clock cannot be set")
            finally:
                transport.close()
            self._driver.checkpoints.reconnect(self.machine.name)

    def _begin(self, checkpoint: Checkpoint) -> None:
        """Forget what will not hold, and note what is under way."""
        notes = self._store.read(self.machine.name)
        self._store.write(
            self.machine.name, msgspec.structs.replace(notes, rewinding=checkpoint.name)
        )
        self._remember(converged="")

    def _end(self, checkpoint: Checkpoint) -> None:
        """Remember what held when the checkpoint was made."""
        note = checkpoint.note
        if note is not None:
            self._remember(converged=note.converged, profiles=note.profiles, cloned=note.cloned)
        notes = self._store.read(self.machine.name)
        self._store.write(self.machine.name, msgspec.structs.replace(notes, rewinding=""))

    def _remember(self, **changes: object) -> None:
        states = self.machine.states
        state = states.read(self.machine.name)
        states.write(msgspec.structs.replace(state, poor_master="", **changes))
