"""Sleepers: machines that were booted, put to sleep and kept with a golden, to be resumed by many.

A sleeper is a folder with the machine's memory, the disk it had (an overlay over the golden's),
the key that opens it when it resumes, and `resume.json`: what has to be the same for the memory
to mean anything. There is one for each size of machine. Like a golden it is only a cache.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lima.errors import ResumeFailed
from lima.spec import MachineSpec
from provision.transport.address import SshAddress

VERSION = 1
"""Of the form of `resume.json`, and of what the guest went through before it slept."""
INCOMING = ("-incoming", "defer")
"""What QEMU is told to wait for a memory instead of booting."""
_OWN = (
    # What differs from machine to machine and is no part of what the guest's memory relies on.
    (re.compile(r"hostfwd=tcp:[0-9.]+:[0-9]+-"), "hostfwd=-"),
    # The memory brings its own.
    (re.compile(r",mac=[0-9a-f:]+"), ""),
)


class Surroundings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a memory relies on."""

    qemu: str
    """Its version, as it tells it."""
    command: tuple[str, ...]
    """How it was started, less what is the machine's own: devices, CPU model, sizes."""
    processor: str
    """The host's, where it does not emulate one."""
    lima: str
    authorities: str
    """Digest of the extra certificate authorities that the guest trusts."""

    def differences(self, other: Surroundings) -> tuple[str, ...]:
        """Return in words what is not the same."""
        names = {
            "qemu": "the version of QEMU",
            "command": "the virtual hardware",
            "processor": "this computer's processor",
            "lima": "the version of Lima",
            "authorities": "the certificate authorities",
        }
        return tuple(
            words for field, words in names.items() if getattr(self, field) != getattr(other, field)
        )


class Sleeper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one sleeper: its `resume.json`."""

    surroundings: Surroundings
    host_key: str
    """The line of the SSH host key that it shows when it resumes."""
    version: int = VERSION


@dataclass(frozen=True)
class Twin:
    """A machine that goes on from a sleeper's memory, before it is one of its own."""

    address: SshAddress
    """With the key that opens it."""
    host_key: str
    """The line of the SSH host key that it shows."""
    authorized_key: str
    """The line of the key that shall open it from then on."""


@dataclass(frozen=True)
class Bed:
    """The folder of one sleeper."""

    folder: Path

    @property
    def memory(self) -> Path:
        """The guest's memory and devices, as QEMU writes them."""
        return self.folder / "memory"

    @property
    def disk(self) -> Path:
        """An overlay over the golden's disk, which it knows by a name of its own folder."""
        return self.folder / "disk"

    @property
    def key(self) -> Path:
        """The private key that opens the machine until it is re-keyed."""
        return self.folder / "key"

    @property
    def about(self) -> Path:
        """What is known of it."""
        return self.folder / "resume.json"

    def read(self) -> Sleeper:
        """Return what is known of the sleeper. Raises `ResumeFailed`."""
        try:
            sleeper = msgspec.json.decode(self.about.read_bytes(), type=Sleeper)
        except (OSError, msgspec.DecodeError) as error:
            raise ResumeFailed(f"what is known of the kept memory is damaged: {error}") from error
        if sleeper.version != VERSION:
            raise ResumeFailed("another version of nopal kept the memory")
        return sleeper

    def keep(self, sleeper: Sleeper, private_key: str, disk: Path) -> None:
        """Put beside the memory all else, and close the folder to everybody.

        `disk` belongs to whoever runs machines, so that no link is followed.
        """
        descriptor = os.open(disk, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as source, self.disk.open("xb") as to:
            shutil.copyfileobj(source, to, 1 << 20)
        # Whoever runs machines reads the disk through a link of its own; the rest goes by us.
        self.disk.chmod(0o444)
        self.key.touch(0o600)
        self.key.write_text(private_key, encoding="ascii")
        self.memory.chmod(0o400)
        about = msgspec.json.format(msgspec.json.encode(sleeper), indent=2)
        self.about.write_bytes(about + b"\n")
        for path in (self.disk, self.memory, self.key, self.about):
            _to_disk(path)


def bed_name(spec: MachineSpec) -> str:
    """Return the name of the folder for sleepers of this size."""
    return f"asleep-{spec.cpus}-{spec.memory_gib}-{spec.disk_gib}"


def comparable(command: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return QEMU's command line less what is the own of the machine in `folder`. Pure."""
    return tuple(_comparable(command, str(folder)))


def _comparable(command: Sequence[str], folder: str) -> Iterator[str]:
    words = iter(command)
    for word in words:
        if word in {"-name", INCOMING[0]}:
            next(words, None)
            continue
        text = word.replace(folder, "")
        for pattern, replacement in _OWN:
            text = pattern.sub(replacement, text)
        yield text


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
