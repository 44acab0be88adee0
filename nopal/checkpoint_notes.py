"""What nopal remembers of a machine's checkpoints, and which of them go by themselves.

The disk is the truth about which there are: a checkpoint without a note is one all the same, whose
maker was killed; a note without a checkpoint is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .machine_errors import MachineError
from .state import StateUnreadable, write_json

if TYPE_CHECKING:
    from lima.checkpoints import Snapshot

VERSION = 1
MOST_UNNAMED = 5
MOST_UNNAMED_BYTES = 8 * 1024**3
"""Of memory, in all checkpoints without a name of the person's; the newest one may be larger."""

_TIME = "%Y%m%d-%H%M%S"
_UNNAMED = re.compile(r"[0-9]{8}-[0-9]{6}")
_NAME = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
_LONGEST = 40


@dataclass(eq=False)
class BadCheckpointName(MachineError):
    """A name that no checkpoint can have."""

    name: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"{self.name!r} cannot name a checkpoint: letters and digits, with single - _ . between"
            f" them, at most {_LONGEST};\na time such as 20260131-235959 is for those without one"
        )


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What held in the machine when a checkpoint was made."""

    name: str
    cpus: int
    memory: int
    """In bytes: what is kept of a guest's memory fits no other machine."""
    converged: str
    profiles: tuple[str, ...]
    cloned: tuple[str, ...]


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of one machine."""

    notes: tuple[Note, ...] = ()
    rewinding: str = ""
    """The checkpoint to which a rewind has begun, and not ended, to bring the machine."""
    version: int = VERSION


@dataclass(frozen=True)
class Checkpoint:
    """A moment to which the machine can go back."""

    name: str
    made: int
    """In seconds since 1970."""
    memory_bytes: int = 0
    note: Note | None = None

    @property
    def is_live(self) -> bool:
        """Whether it holds the guest's memory, not only the disk."""
        return self.memory_bytes > 0

    @property
    def is_unnamed(self) -> bool:
        """Whether nobody gave it a name: such ones go by themselves."""
        return bool(_UNNAMED.fullmatch(self.name))


@dataclass(frozen=True)
class NoteStore:
    """The notes of all machines, a file each, below one folder."""

    folder: Path

    def read(self, machine: str) -> Notes:
        """Return what is known. Raises `StateUnreadable`."""
        path = self._path(machine)
        try:
            notes = msgspec.json.decode(path.read_bytes(), type=Notes)
        except FileNotFoundError:
            return Notes()
        except msgspec.DecodeError as error:
            raise StateUnreadable(path, str(error)) from error
        if notes.version != VERSION:
            raise StateUnreadable(path, f"it is version {notes.version}")
        return notes

    def write(self, machine: str, notes: Notes) -> None:
        """Replace what is known, atomically."""
        write_json(self._path(machine), notes)

    def names(self) -> tuple[str, ...]:
        """Return the machines of which something is known."""
        return tuple(path.stem for path in self.folder.glob("[!.]*.json"))

    def _path(self, machine: str) -> Path:
        return self.folder / f"{machine}.json"


def together(snapshots: Iterable[Snapshot], notes: Notes) -> tuple[Checkpoint, ...]:
    """Return the checkpoints there are, each with what is known of it."""
    known = {note.name: note for note in notes.notes}
    return tuple(
        Checkpoint(found.name, found.made, found.memory_bytes, known.get(found.name))
        for found in snapshots
    )


def checked(name: str) -> str:
    """Return a person's name for a checkpoint. Raises `BadCheckpointName`."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or _UNNAMED.fullmatch(name):
        raise BadCheckpointName(name)
    return name


def free_name(now: int, taken: Iterable[str]) -> str:
    """Return the name of one that gets none: the time in UTC, the next free second."""
    used = set(taken)
    while (name := datetime.fromtimestamp(now, timezone.utc).strftime(_TIME)) in used:
        now += 1
    return name


def to_drop(checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Return those that are too many or too large, of those without a name; never the newest."""
    unnamed = [one for one in checkpoints if one.is_unnamed]
    newest_first = sorted(unnamed, key=lambda one: one.name, reverse=True)
    dropped = []
    size = 0
    for place, one in enumerate(newest_first):
        size += one.memory_bytes
        if place >= MOST_UNNAMED or (place and size > MOST_UNNAMED_BYTES):
            dropped.append(one)
    return tuple(dropped)
