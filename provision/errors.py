"""What can go wrong between the engine and a guest."""

from __future__ import annotations

from dataclasses import dataclass


class ConvergeError(Exception):
    """Base of all errors of this room."""


@dataclass(eq=False)
class GuestUnreachable(ConvergeError):
    """The guest could not be reached, or the connection was lost."""

    address: str
    reason: str

    def __str__(self) -> str:
        return f"cannot reach {self.address} by SSH: {self.reason}"


@dataclass(eq=False)
class HostKeyChanged(ConvergeError):
    """The guest showed another host key than the pinned one."""

    address: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.address} shows the host key {self.found}, but {self.expected} is pinned.\n"
            "Either the machine was remade by hand or something else answers on its port."
        )


@dataclass(eq=False)
class StepFailed(ConvergeError):
    """One or more steps did not reach the wanted state."""

    steps: tuple[str, ...]
    detail: str

    def __str__(self) -> str:
        return f"failed: {', '.join(self.steps)}\n{self.detail}".rstrip()


@dataclass(eq=False)
class UnsupportedGuest(ConvergeError):
    """The guest is no Linux that the steps know, or refuses sudo."""

    reason: str

    def __str__(self) -> str:
        return self.reason
