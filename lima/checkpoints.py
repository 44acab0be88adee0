"""Checkpoints of machines: their disks, and with QEMU their memory, as they were at one moment.

A driver's business only: which checkpoints are kept, and what a rewind does to the guest and to the
connections with it, is decided above.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from lima.disk_files import CopiedDisks
from lima.errors import DiskFailed, QmpFailed
from lima.instance import Instance
from lima.limactl import Limactl
from lima.master import renew
from lima.paths import LimaPaths
from lima.process import Identity, run
from lima.qmp import Qmp

_PREFIX = "nopal."
"""Of the snapshots that are ours; a name that begins so is never taken for a snapshot's number."""
_ENDING = ".disk"
_KIB = 1024


@dataclass(frozen=True)
class Snapshot:
    """One checkpoint, as the driver finds it."""

    name: str
    made: int
    """In seconds since 1970."""
    memory_bytes: int = 0
    """What the guest's memory takes in it; 0 for one of the disk alone."""


class Checkpoints(Protocol):
    """What can be done by the means of one kind of virtual machine."""

    @property
    def is_live(self) -> bool:
        """Whether a machine may run meanwhile; its memory is kept and brought back then."""

    def list(self, name: str) -> tuple[Snapshot, ...]:
        """Return the checkpoints of a machine, the oldest first. Raises `DiskFailed`."""

    def bytes_needed(self, instance: Instance) -> int:
        """Return what one more would take of this computer's disk at once, at the most."""

    def create(self, instance: Instance, checkpoint: str, *, with_memory: bool = True) -> None:
        """Make one, of a running machine's disk alone where not `with_memory`.

        Raises:
            LimactlFailed, DiskFailed, QmpFailed.
        """

    def apply(self, instance: Instance, checkpoint: str) -> None:
        """Bring the machine back to it; what was since is gone. Raises as `create` does.

        A running machine that it fails for stands still afterwards: end it.
        """

    def delete(self, instance: Instance, checkpoint: str) -> None:
        """Forget one. Raises as `create` does."""

    def copy_disk(self, source: str, checkpoint: str, name: str) -> None:
        """Give the machine `name`, which never ran, the disk of another one's checkpoint.

        Raises:
            DiskFailed: it could not be made; the machine keeps the disk it has.
        """

    def reconnect(self, name: str) -> None:
        """End what Lima holds open to a guest that was rewound, and let it connect anew.

        Raises:
            LimactlFailed: it does not come to a connection again.
        """


@dataclass(frozen=True)
class QemuCheckpoints:
    """Snapshots within the disk file: made and applied in seconds, with the memory if it runs."""

    limactl: Limactl
    paths: LimaPaths
    person: Identity | None = None
    """Who runs the machines, where that is not ourselves."""

    @property
    def is_live(self) -> bool:
        """See Checkpoints."""
        return True

    def list(self, name: str) -> tuple[Snapshot, ...]:
        """See Checkpoints."""
        chain = self._look_at(self._disk(name))
        return tuple(
            Snapshot(found.name.removeprefix(_PREFIX), found.date_sec, found.vm_state_size)
            for found in chain[0].snapshots
            if found.name.startswith(_PREFIX)
        )

    def bytes_needed(self, instance: Instance) -> int:
        """See Checkpoints."""
        if not instance.is_running:
            return 0
        try:
            pid = (self.paths.instance(instance.name) / "qemu.pid").read_text(encoding="ascii")
            # All that the guest ever touched of its memory, and a little more.
            return int(run(("ps", "-o", "rss=", "-p", str(int(pid)))).stdout) * _KIB
        except (OSError, ValueError):
            return instance.memory

    def create(self, instance: Instance, checkpoint: str, *, with_memory: bool = True) -> None:
        """See Checkpoints."""
        if instance.is_running and not with_memory:
            self._keep_disk(instance.name, _PREFIX + checkpoint)
            return
        # Before there is memory, and so perhaps a secret, in it.
        descriptor = os.open(self._disk(instance.name), os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        self.limactl.snapshot("create", instance.name, _PREFIX + checkpoint)

    def apply(self, instance: Instance, checkpoint: str) -> None:
        """See Checkpoints."""
        self.limactl.snapshot("apply", instance.name, _PREFIX + checkpoint)

    def delete(self, instance: Instance, checkpoint: str) -> None:
        """See Checkpoints."""
        self.limactl.snapshot("delete", instance.name, _PREFIX + checkpoint)

    def copy_disk(self, source: str, checkpoint: str, name: str) -> None:
        """See Checkpoints."""
        disk, folder = self._disk(source), self.paths.instance(name)
        new = folder / "disk.new"
        shared = self._share_base(disk, folder)
        base = ("-B", shared, "-F", "qcow2") if shared else ()
        # What a snapshot holds never changes, so it can be read while the machine goes on.
        snapshot = ("-U", "-l", f"snapshot.name={_PREFIX}{checkpoint}")
        self._qemu_img("convert", *snapshot, "-O", "qcow2", *base, str(disk), str(new))
        new.replace(folder / "disk")

    def reconnect(self, name: str) -> None:
        """See Checkpoints."""
        # The master answers here at once, though its own connection is dead and it doesn't know.
        folder = self.paths.instance(name)
        for instance in self.limactl.list():
            if instance.name == name:
                renew(self.limactl, folder, instance, self.person)

    def _keep_disk(self, name: str, snapshot: str) -> None:
        """Make a snapshot of the disk that a running QEMU writes to, without its memory."""
        disk = self._disk(name)
        try:
            with Qmp(self.paths.instance(name) / "qmp.sock") as qmp:
                answer = msgspec.convert(qmp.execute("query-block"), type=list[_Drive])
                for drive in answer:
                    if drive.inserted is not None and _is_same(Path(drive.inserted.file), disk):
                        qmp.execute(
                            "blockdev-snapshot-internal-sync", device=drive.device, name=snapshot
                        )
                        return
        except (OSError, msgspec.ValidationError) as error:
            raise QmpFailed("query-block", str(error)) from error
        raise DiskFailed("query-block", f"the machine does not write to {disk}")

    def _share_base(self, disk: Path, folder: Path) -> str:
        """Link what `disk` stands on into `folder`, and return its name there, or "".

        The copy then holds only what was written since.
        """
        below = [image.backing_filename for image in self._look_at(disk)[:-1]]
        if any("/" in name for name in below):
            return ""
        try:
            for name in below:
                with suppress(FileExistsError):
                    (folder / name).hardlink_to(disk.parent / name)
        except OSError:
            return ""
        return below[0] if below else ""

    def _look_at(self, disk: Path) -> tuple[_Image, ...]:
        output = self._qemu_img("info", "-U", "--backing-chain", "--output=json", str(disk))
        try:
            return msgspec.json.decode(output, type=tuple[_Image, ...])
        except msgspec.DecodeError as error:
            raise DiskFailed("qemu-img info", str(error)) from error

    def _disk(self, name: str) -> Path:
        return self.paths.instance(name) / "disk"

    def _qemu_img(self, *arguments: str) -> str:
        return _must_run(("qemu-img", *arguments), self.person)


@dataclass(frozen=True)
class CopiedCheckpoints:
    """Copies of a stopped machine's disk that share blocks where the file system can (APFS)."""

    paths: LimaPaths
    disks: CopiedDisks

    @property
    def is_live(self) -> bool:
        """See Checkpoints."""
        return False

    def list(self, name: str) -> tuple[Snapshot, ...]:
        """See Checkpoints."""
        found = (
            Snapshot(path.name.removesuffix(_ENDING), int(path.stat().st_mtime))
            for path in self._folder(name).glob(f"*{_ENDING}")
        )
        return tuple(sorted(found, key=lambda snapshot: snapshot.made))

    def bytes_needed(self, instance: Instance) -> int:
        """See Checkpoints."""
        return (self.paths.instance(instance.name) / "disk").stat().st_blocks * 512

    def create(self, instance: Instance, checkpoint: str, *, with_memory: bool = True) -> None:
        """See Checkpoints."""
        del with_memory  # there is none in a stopped machine
        self._folder(instance.name).mkdir(mode=0o700, exist_ok=True)
        copy = self._copy(instance.name, checkpoint)
        new = copy.with_suffix(".new")
        self.disks.flatten(self.paths.instance(instance.name) / "disk", new)
        new.chmod(0o600)
        os.utime(new)
        new.replace(copy)

    def apply(self, instance: Instance, checkpoint: str) -> None:
        """See Checkpoints."""
        self.copy_disk(instance.name, checkpoint, instance.name)

    def delete(self, instance: Instance, checkpoint: str) -> None:
        """See Checkpoints."""
        self._copy(instance.name, checkpoint).unlink(missing_ok=True)

    def copy_disk(self, source: str, checkpoint: str, name: str) -> None:
        """See Checkpoints."""
        copy = self._copy(source, checkpoint)
        self.disks.begin(copy, self.paths.instance(name), checkpoint, copy.stat().st_size)

    def reconnect(self, name: str) -> None:
        """Do nothing: whatever was connected ended with the machine."""

    def _folder(self, name: str) -> Path:
        return self.paths.instance(name) / "checkpoints"

    def _copy(self, name: str, checkpoint: str) -> Path:
        return self._folder(name) / f"{checkpoint}{_ENDING}"


class _Table(msgspec.Struct, frozen=True, rename="kebab"):
    """One entry of a disk file's table of snapshots."""

    name: str
    date_sec: int = 0
    vm_state_size: int = 0


class _Medium(msgspec.Struct, frozen=True):
    """What is in a drive."""

    file: str


class _Drive(msgspec.Struct, frozen=True):
    """One drive, as QEMU's monitor tells of it."""

    device: str
    inserted: _Medium | None = None


class _Image(msgspec.Struct, frozen=True, rename="kebab"):
    """What `qemu-img info` says of a disk file."""

    backing_filename: str = ""
    snapshots: tuple[_Table, ...] = ()


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _must_run(command: Sequence[str], person: Identity | None) -> str:
    try:
        done = run(command, run_as=person)
    except FileNotFoundError as error:
        raise DiskFailed(" ".join(command), f"{command[0]} is not installed") from error
    if done.status != 0:
        raise DiskFailed(" ".join(command), done.stderr.strip() or f"exit status {done.status}")
    return done.stdout
