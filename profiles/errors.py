"""What can be wrong with a profile or with what was asked of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class ProfileError(Exception):
    """Base of all errors of this room: a name or an option is wrong, so nothing was started."""

    exit_status: ClassVar[int] = 2


@dataclass(eq=False)
class UnknownProfile(ProfileError):
    """A name that no profile has."""

    name: str
    known: tuple[str, ...]
    wanted_by: str = ""
    """The profile that requires it; empty when a person named it."""
    is_agent: bool = False
    """Whether only profiles of coding agents were meant; `known` holds just those then."""

    def __str__(self) -> str:
        by = f", which `{self.wanted_by}` requires" if self.wanted_by else ""
        what = "profile of a coding agent called" if self.is_agent else "profile"
        return (
            f"There is no {what} `{self.name}`{by}.\n"
            f"{did_you_mean(self.name, self.known)}Profiles: {', '.join(sorted(self.known))}."
        )


@dataclass(eq=False)
class AgentCannot(ProfileError):
    """Something that was asked of a coding agent, and for which it has no words."""

    program: str
    wish: str
    """The flag."""

    def __str__(self) -> str:
        return (
            f"{self.program} has nothing for {self.wish}.\n"
            f"Start it without that flag, or give it arguments of its own behind `--`."
        )


@dataclass(eq=False)
class ProfileCycle(ProfileError):
    """Profiles that require each other."""

    names: tuple[str, ...]
    """The way round, the first name once more at the end."""

    def __str__(self) -> str:
        return (
            f"These profiles require each other: {' -> '.join(self.names)}.\n"
            "Take one of them out of another's `requires`."
        )


@dataclass(eq=False)
class UnknownOption(ProfileError):
    """An option that the profile does not have."""

    profile: str
    key: str
    allowed: tuple[str, ...]

    def __str__(self) -> str:
        if not self.allowed:
            return f"Profile `{self.profile}` takes no options, but got `{self.key}`: remove it."
        return (
            f"Profile `{self.profile}` has no option `{self.key}`.\n"
            f"{did_you_mean(self.key, self.allowed)}Options: {', '.join(self.allowed)}."
        )


@dataclass(eq=False)
class WrongOption(ProfileError):
    """An option with a value that it cannot have."""

    profile: str
    key: str
    found: object
    reason: str
    """What is expected, in one clause."""

    def __str__(self) -> str:
        key = f" `{self.key}`" if self.key else ""
        return f"Option{key} of profile `{self.profile}` cannot be {self.found!r}: {self.reason}."


@dataclass(eq=False)
class NotAProfile(ProfileError):
    """A function that cannot be made a profile, or that does not yield steps."""

    profile: str
    reason: str

    def __str__(self) -> str:
        return f"`{self.profile}` is no profile: {self.reason}."


@dataclass(eq=False)
class StepRefused(ProfileError):
    """A step that cannot be made of what the options or the project say."""

    profile: str
    reason: str

    def __str__(self) -> str:
        return f"Profile `{self.profile}` cannot be declared: {self.reason}.\nCheck its options."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the nearest of `known` and a space after it, or nothing."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean `{nearest[0]}`? " if nearest else ""
