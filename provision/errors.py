"""What can go wrong between the engine and a guest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
class LoginRefused(GuestUnreachable):
    """The guest answers, but takes none of the keys that were offered."""


@dataclass(eq=False)
class HostKeyUnknown(ConvergeError):
    """No host key is pinned for the guest, and a new one may not be accepted."""

    address: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.address} shows the host key {self.found}, and none is pinned for it.\n"
            "Compare it with the machine's own, then accept it by connecting once with `ssh`."
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
        # The whole output was reported while it came; its last line is the reason, mostly.
        last = self.detail.strip().rpartition("\n")[2]
        return f"failed: {', '.join(self.steps)}\n{last}".rstrip()


@dataclass(eq=False)
class UnsupportedGuest(ConvergeError):
    """The guest is no Linux that the steps know."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(eq=False)
class SudoRefused(ConvergeError):
    """The login user cannot become root, and there are steps that need it."""

    user: str
    why: Literal["no sudo", "needs a password", "wrong password", "not allowed", "needs a terminal"]
    said: str

    def __str__(self) -> str:
        if self.why == "no sudo":
            return (
                f"`{self.user}` is not root and the guest has no sudo.\n"
                "Log in as root, or install it there as root: `apt-get install sudo`."
            )
        said = self.said.strip().splitlines() or ["it said nothing"]
        if self.why == "wrong password":
            return f"sudo refuses the password of `{self.user}`: {said[-1]}\nGive it again."
        cure = f"`echo '{self.user} ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/{self.user}`"
        if self.why == "not allowed":
            cure = f"as root, `adduser {self.user} sudo`, then log in anew"
        elif self.why == "needs a terminal":
            cure = f"`echo 'Defaults:{self.user} !requiretty' | sudo tee /etc/sudoers.d/no-tty`"
        return f"sudo refuses `{self.user}`: {said[-1]}\nAllow it in the guest: {cure}."
