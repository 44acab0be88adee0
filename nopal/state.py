"""What nopal remembers of a machine between two commands."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from provision.transport.address import SshAddress

from .lock import Holder, is_held, locked

VERSION = 2
"""Of the file's form. Each new or changed field is a new version: an older nopal then refuses the
file with the right words, and a newer one knows what to make of it."""


class Ssh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the machine was reached when it last started."""

    host: str
    port: int
    user: str
    identity_file: str
    control_path: str = ""


class MachineState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One machine's state file."""

    name: str
    owner: str = ""
    """The repo directory whose `.nopal.toml` made the machine; empty for the person's own."""
    spec: dict[str, str] = {}
    """The machine's wanted shape when it was made, field by field, to say later what differs."""
    ssh: Ssh | None = None
    pinned: bool = False
    """Whether the host key is known for good: it is from the first successful converge on."""
    is_twin: bool = False
    """Whether it went on from another's memory and is not known to be one of its own yet."""
    converged: str = ""
    """Digest of the steps that last held; empty while none did."""
    profiles: tuple[str, ...] = ()
    cloned: tuple[str, ...] = ()
    """URLs of the repos that are in the machine."""
    reaching: dict[str, str] = {}
    """By the URL of a repo, the fingerprint of the key that its server accepted."""
    fork_of: str = ""
    """The project whose settings the machine has, until it gets some of its own."""
    poor_master: str = ""
    """The SSH master that did not answer, or with fewer rights than a new login has."""
    fit_master: str = ""
    """The SSH master over which every step was last seen to hold."""
    version: int = VERSION


class StateError(Exception):
    """Base of what can be wrong with a state file."""

    exit_status = 1


@dataclass(eq=False)
class StateNewer(StateError):
    """A newer nopal wrote the state file, and this one would misread it."""

    path: Path
    version: int

    def __str__(self) -> str:
        return (
            f"the machine's state {self.path} is from a newer nopal (form {self.version}; this one"
            f" knows {VERSION})\n"
            "Use that nopal, or update this one; nothing was changed."
        )


@dataclass(eq=False)
class StateUnreadable(StateError):
    """A state file is damaged, and so tells nothing."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return (
            f"cannot read the machine's state {self.path}: {self.reason}\n"
            "Move that file away; the next `inv up` looks at the machine and writes it anew."
        )


class StateStore:
    """The state files and locks of all machines, under one directory."""

    def __init__(
        self, directory: Path, on_change: Callable[[StateStore], None] = lambda _: None
    ) -> None:
        """`on_change` is called after each change of a machine's state."""
        self._directory = directory
        self._on_change = on_change

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    @property
    def checkpoints(self) -> Path:
        """Where the notes about checkpoints are: a file a machine."""
        return self._directory / "checkpoints"

    @property
    def secrets(self) -> Path:
        """Where it is noted which secrets, by name, were given: a file a machine."""
        return self._directory / "secrets"

    def names(self) -> tuple[str, ...]:
        """Return the machines that have a state, in alphabetical order."""
        return tuple(sorted(path.stem for path in self._directory.glob("*.json")))

    def read(self, name: str) -> MachineState:
        """Return the state of `name`; an empty one for a machine that has none.

        Raises:
            StateUnreadable: the file is damaged.
            StateNewer: a newer nopal wrote it.
        """
        path = self._path(name)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return MachineState(name=name)
        try:
            state = msgspec.convert(_present(msgspec.json.decode(text), path), MachineState)
        except msgspec.MsgspecError as error:
            raise StateUnreadable(path, str(error)) from error
        if state.name != name:
            raise StateUnreadable(path, f"it is of the machine {state.name!r}")
        return state

    def write(self, state: MachineState) -> None:
        """Replace the state file of `state.name`, atomically."""
        write_json(self._path(state.name), state)
        self._on_change(self)

    def move_notes(self, name: str, new: str) -> None:
        """Let the notes about the checkpoints of `name` be those of `new`."""
        notes = self.checkpoints / f"{name}.json"
        if notes.exists():
            notes.replace(self.checkpoints / f"{new}.json")

    def remove(self, name: str) -> None:
        """Forget the machine; the lock, which the caller holds, goes too."""
        self._path(name).unlink(missing_ok=True)
        (self.checkpoints / f"{name}.json").unlink(missing_ok=True)
        (self.secrets / f"{name}.json").unlink(missing_ok=True)
        (self._directory / f".{name}.lock").unlink(missing_ok=True)
        self._on_change(self)

    def is_in_use(self, name: str) -> bool:
        """Whether some command holds the machine's lock."""
        return is_held(self._directory / f".{name}.lock")

    @contextmanager
    def locked(
        self, name: str, on_wait: Callable[[Holder | None], None], verb: str = ""
    ) -> Iterator[None]:
        """Hold the machine's lock; where another command has it, call `on_wait` and wait for it."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self._directory / f".{name}.lock", on_wait, verb):
            yield


def _present(fields: object, path: Path) -> dict[str, object]:
    """Return a file's fields in their present form; one that was read is not written for that."""
    if not isinstance(fields, dict):
        raise StateUnreadable(path, "it is no table")
    version = fields.get("version", 1)
    if type(version) is not int or version < 1:
        raise StateUnreadable(path, f"it is of version {version!r}")
    if version > VERSION:
        raise StateNewer(path, version)
    while version < VERSION:
        fields = _MIGRATIONS[version](fields)
        version += 1
    return {**fields, "version": VERSION}


def _from_1(fields: dict[str, object]) -> dict[str, object]:
    """Leave a shape of 1 as it is: what it does not say of the machine is not known."""
    return fields


_MIGRATIONS: Mapping[int, Callable[[dict[str, object]], dict[str, object]]] = {1: _from_1}
"""By version, what makes the next one of a file's fields."""


def write_json(path: Path, content: msgspec.Struct) -> None:
    """Replace a file, atomically; only we may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remember(address: SshAddress) -> Ssh:
    """Return the part of `address` that a state file keeps."""
    return Ssh(
        host=address.host,
        port=address.port,
        user=address.user,
        identity_file=str(address.identity_file or ""),
        control_path=str(address.control_path or ""),
    )
