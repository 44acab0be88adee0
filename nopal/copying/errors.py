"""What ends a copy before its end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from guard.errors import printable

from ..machine_errors import MachineError
from ..sizes import in_words


@dataclass(eq=False)
class NotAsAsked(MachineError):
    """The machine sent what no honest `tar` sends; nothing more of it was read."""

    what: str
    is_cut_short: bool = False
    """Whether the stream ended, which a broken connection may explain."""

    def __str__(self) -> str:
        return (
            f"the machine sent something else than was asked for: {printable(self.what)}\n"
            "its tar is broken or hostile; the copy was ended, nothing was written elsewhere"
        )


@dataclass(eq=False)
class NoRoom(MachineError):
    """What comes would fill this computer's disk."""

    folder: Path
    needed: int
    free: int

    def __str__(self) -> str:
        return (
            f"no room below {self.folder}: the next file has {in_words(self.needed)}, and "
            f"{in_words(self.free)} may be used\nmake room, or copy to another disk"
        )


@dataclass(eq=False)
class NotWritten(MachineError):
    """The destination itself could not be made."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path} was not written: {self.why}"


@dataclass(eq=False)
class NoSuchFolder(MachineError):
    """The folder to copy into is not there."""

    folder: Path
    exit_status = 2

    def __str__(self) -> str:
        return f"there is no folder {self.folder} on this computer"


@dataclass(eq=False)
class NoSuchSource(MachineError):
    """What is to be copied is not on this computer."""

    source: Path

    def __str__(self) -> str:
        return f"there is no file or folder {self.source} on this computer"


@dataclass(eq=False)
class CopyFailed(MachineError):
    """The machine's end of the copy failed."""

    project: str
    said: str

    def __str__(self) -> str:
        said = printable(self.said, 400) or "the connection ended"
        return f"the machine {self.project} could not do its part: {said}"
