"""What a machine itself can refuse."""

from __future__ import annotations

from dataclasses import dataclass


class MachineError(Exception):
    """Base of what a machine itself can refuse."""

    exit_status = 1


@dataclass(eq=False)
class NoSuchMachine(MachineError):
    """The verb needs a machine that was never made."""

    name: str

    def __str__(self) -> str:
        return f"there is no machine {self.name}; make it with: inv up -p {self.name}"


@dataclass(eq=False)
class LetsNobodyIn(MachineError):
    """The machine runs, and nobody can log in to it."""

    name: str
    reason: str

    def __str__(self) -> str:
        return (
            f"the machine {self.name} runs, and lets nobody in: {self.reason}\n"
            f"what runs in it cannot be asked; a boot mends most: inv restart -p {self.name}"
        )


@dataclass(eq=False)
class NotRunning(MachineError):
    """The verb needs a running machine."""

    name: str
    status: str

    def __str__(self) -> str:
        return f"the machine {self.name} is {self.status}; start it with: inv up -p {self.name}"
