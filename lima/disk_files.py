"""Files that hold a machine's disk: overlays over a shared one, and copies."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lima.errors import DiskFailed
from lima.process import Identity, run


class Disks(Protocol):
    """What can be done with disk files, by the means of one kind of virtual machine."""

    def flatten(self, disk: Path, to: Path) -> None:
        """Copy a disk with all that it stands on into one file. Raises `DiskFailed`."""

    def begin(self, source: Path, machine: Path, name: str, size: int) -> None:
        """Give `machine` a disk of `size` bytes that begins as `source`. Raises `DiskFailed`.

        `name` tells sources apart.
        """


@dataclass(frozen=True)
class QemuDisks:
    """Overlays by qemu-img: made at once, and as small as what was written since."""

    person: Identity | None = None
    """Who runs the machines, where that is not ourselves: only they read and write disks."""

    def flatten(self, disk: Path, to: Path) -> None:
        """See Disks."""
        self._qemu_img("convert", "-O", "qcow2", str(disk), str(to))

    def begin(self, source: Path, machine: Path, name: str, size: int) -> None:
        """See Disks."""
        link = machine / f"{name}.qcow2"
        _link(source, link)
        new = machine / "disk.new"
        # The overlay knows what is below it by a name of its own folder.
        overlay = ("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", link.name)
        self._qemu_img(*overlay, str(new), str(size))
        new.replace(machine / "disk")

    def _qemu_img(self, *arguments: str) -> None:
        _must_run(("qemu-img", *arguments), self.person)


@dataclass(frozen=True)
class CopiedDisks:
    """Copies that share their blocks where the file system can (APFS)."""

    def flatten(self, disk: Path, to: Path) -> None:
        """See Disks."""
        _copy(disk, to)

    def begin(self, source: Path, machine: Path, name: str, size: int) -> None:  # noqa: ARG002
        """See Disks."""
        new = machine / "disk.new"
        _copy(source, new)
        new.chmod(0o600)
        os.truncate(new, max(size, new.stat().st_size))
        new.replace(machine / "disk")


def _link(source: Path, link: Path) -> None:
    """Give a file a second name; on another file system, a copy that no one can change."""
    link.unlink(missing_ok=True)
    try:
        link.hardlink_to(source)
    except OSError:
        _copy(source, link)
        link.chmod(0o444)


def _copy(source: Path, to: Path) -> None:
    how = ("-c",) if sys.platform == "darwin" else ("--reflink=auto", "--sparse=always")
    _must_run(("cp", *how, str(source), str(to)), None)


def _must_run(command: Sequence[str], person: Identity | None) -> None:
    try:
        done = run(command, run_as=person, is_merged=True)
    except FileNotFoundError as error:
        raise DiskFailed(" ".join(command), f"{command[0]} is not installed") from error
    if done.status != 0:
        raise DiskFailed(" ".join(command), done.stderr.strip() or f"exit status {done.status}")
