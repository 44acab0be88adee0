"""What can be wrong with a person's input: files, names, flags. `str(error)` is what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

_SHOWN_FAULTS = 25


class ProjectError(Exception):
    """Base of all errors of this room: bad input, so nothing was started."""

    exit_status: ClassVar[int] = 2


@dataclass(frozen=True)
class Place:
    """Where something stands: a file, a line of it, or a flag (`file` is None)."""

    file: Path | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.file is None:
            return "command line"
        # The folder's name came with somebody's archive, perhaps.
        file = str(self.file) if str(self.file).isprintable() else ascii(str(self.file))
        return file if self.line is None else f"{file}:{self.line}"


class Fault(ProjectError):
    """One thing wrong at one place."""

    place: Place


@dataclass(eq=False)
class UnreadableFile(Fault):
    """A project file that can't be read at all: no TOML, no UTF-8, too long, no regular file."""

    place: Place
    reason: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" + (f"\n  {self.fix}" if self.fix else "")


@dataclass(eq=False)
class UnknownKey(Fault):
    """A key, or a table, that means nothing there."""

    place: Place
    key: str
    nearest: str = ""
    allowed: Sequence[str] = ()

    def __str__(self) -> str:
        hint = f"did you mean `{self.nearest}`?" if self.nearest else ""
        if not hint and self.allowed:
            hint = f"allowed: {', '.join(self.allowed)}"
        return f"{self.place}: unknown key `{self.key}`" + (f"\n  {hint}" if hint else "")


@dataclass(eq=False)
class WrongValue(Fault):
    """A value of a wrong type, unit or form."""

    place: Place
    key: str
    found: str
    allowed: str
    nearest: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean `{self.nearest}`?" if self.nearest else ""
        return f"{self.place}: `{self.key}` is {self.found}\n  allowed: {self.allowed}{hint}"


@dataclass(eq=False)
class MissingKey(Fault):
    """A table lacks a key that it needs."""

    place: Place
    key: str
    fix: str

    def __str__(self) -> str:
        return f"{self.place}: `{self.key}` is missing\n  {self.fix}"


@dataclass(eq=False)
class PersonOnlyKey(Fault):
    """A repo's file sets what only the person may: it widens what a machine gets of its host."""

    place: Place
    key: str
    person_file: Path
    table: str

    def __str__(self) -> str:
        return (
            f"{self.place}: `{self.key}` can't be set by a repo, only by you\n"
            f"  if you want it, put it under [{self.table}] in {self.person_file}"
        )


@dataclass(eq=False)
class BadName(Fault):
    """A project's name can't be a machine's name."""

    place: Place
    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.name!r} can't be a project's name: {self.problem}"


@dataclass(eq=False)
class ProjectFaults(ProjectError):
    """Everything found wrong, each with its own place."""

    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        lines = [str(fault) for fault in self.faults[:_SHOWN_FAULTS]]
        if (more := len(self.faults) - _SHOWN_FAULTS) > 0:
            lines.append(f"… and {more} more")
        return "\n".join(lines)


@dataclass(eq=False)
class UnknownProject(ProjectError):
    """No file tells of the project that was asked for."""

    name: str
    person_file: Path
    nearest: str = ""
    has_machine: bool = False
    """Whether there is a machine of this name: its project was renamed, or removed."""

    def __str__(self) -> str:
        if self.has_machine:
            return (
                f"there is no project `{self.name}`, and its machine is still there\n"
                f"  give it to another: `inv adopt {self.name} -p OTHER`; end it:"
                f" `inv destroy -p {self.name}`;\n"
                f"  or add a table [projects.{self.name}] to {self.person_file}"
            )
        hint = f"did you mean `{self.nearest}`? Or " if self.nearest else ""
        return (
            f"there is no project `{self.name}`\n"
            f"  {hint}add a table [projects.{self.name}] to {self.person_file}"
        )


@dataclass(eq=False)
class AmbiguousProject(ProjectError):
    """Several projects hold the repo one stands in."""

    origin: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.origin} belongs to several projects: {', '.join(self.names)}\n"
            f"  choose one: `-p {self.names[0]}`"
        )


@dataclass(eq=False)
class ProjectTakenOver(ProjectError):
    """A repo's file claims the name of a machine that belongs to something else."""

    name: str
    repo_file: Path
    owner: str
    """What the machine belongs to, in words."""
    person_file: Path

    def __str__(self) -> str:
        return (
            f"{self.repo_file} claims the machine `{self.name}`, which belongs to {self.owner}\n"
            f"  give it another `name`, or, if it is yours, list the repo's URL under `repos` in\n"
            f"  [projects.{self.name}] of {self.person_file}"
        )
