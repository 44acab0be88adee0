"""What a machine's checkpoints can refuse."""

from __future__ import annotations

from dataclasses import dataclass

from .machine_errors import MachineError
from .sizes import in_words


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
