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
    step: str = ""
    """The step that was being applied when the connection broke."""

    def __str__(self) -> str:
        if self.step:
            return (
                f"The connection to {self.address} broke while `{self.step}` was applied: "
                f"{self.reason}\n"
                "Run the same command again: what is done is skipped, the rest is finished."
            )
        return f"Cannot reach {self.address} by SSH: {self.reason}"


@dataclass(eq=False)
class HostKeyUnknown(ConvergeError):
    """No host key is pinned for the guest, and a new one may not be accepted."""

    address: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.address} shows the host key {self.found}, and none is pinned for it.\n"
            "Compare it with the machine's own, then connect once with new keys accepted."
        )


@dataclass(eq=False)
class HostKeyChanged(ConvergeError):
    """The guest showed another host key than the pinned one."""

    address: str
    expected: str
    found: str
    forget: str = ""
    """The command that drops the pinned key."""

    def __str__(self) -> str:
        cure = f"\nIf you remade it: `{self.forget}`, then connect again." if self.forget else ""
        return (
            f"{self.address} shows the host key {self.found}, but {self.expected} is pinned.\n"
            f"Either the machine was remade or something else answers on its port.{cure}"
        )


@dataclass(eq=False)
class ContradictingSteps(ConvergeError):
    """Two steps of one id ask for different things."""

    step: str
    fields: tuple[str, ...]
    """What they differ in."""
    tags: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """The tags of the first and of the second."""

    def __str__(self) -> str:
        first, second = (f" (tags: {', '.join(tags)})" if tags else "" for tags in self.tags)
        return (
            f"`{self.step}` is declared twice: first{first}, then again{second}, "
            f"with another {' and '.join(self.fields)}.\n"
            "Remove one of the two declarations, or make them equal."
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
