"""What nopal remembers of the secrets that it gave to a machine: names, never values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .state import StateUnreadable, write_json

if TYPE_CHECKING:
    from guard.secrets.fetch import Wanted

VERSION = 1


class GivenLogin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A login of an agent among them."""

    label: str
    """`AGENT/NAME`."""
    variable: str
    file: str
    """Where its program looks for it, from `~/`, or ""."""


class SecretNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of one machine."""

    mark: str
    """A random word that lies beside the secrets: gone with them when the machine boots."""
    since: int
    """When they were given, in seconds since 1970."""
    names: dict[str, tuple[str, ...]]
    """By the repo's folder; "" is for every shell."""
    wanted: str
    """Digest of the references that were fetched; "" where some failed."""
    logins: tuple[GivenLogin, ...] = ()
    version: int = VERSION


@dataclass(frozen=True)
class SecretNotes:
    """The notes of all machines, a file each, below one folder."""

    folder: Path

    def read(self, machine: str) -> SecretNote | None:
        """Return what was given last, or None. Raises `StateUnreadable`."""
        path = self._path(machine)
        try:
            note = msgspec.json.decode(path.read_bytes(), type=SecretNote)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise StateUnreadable(path, str(error)) from error
        if note.version != VERSION:
            raise StateUnreadable(path, f"it is version {note.version}")
        return note

    def write(self, machine: str, note: SecretNote) -> None:
        """Replace what is known, atomically."""
        write_json(self._path(machine), note)

    def remove(self, machine: str) -> None:
        """Forget it."""
        self._path(machine).unlink(missing_ok=True)

    def _path(self, machine: str) -> Path:
        return self.folder / f"{machine}.json"


def digest(wanted: Iterable[Wanted], *, dotenv: bool) -> str:
    """Tell whether the same references are wanted in the same files."""
    lines = [f"{one.folder}\0{one.name}\0{one.reference}" for one in wanted]
    return hashlib.sha256("\n".join([str(dotenv), *lines]).encode()).hexdigest()
