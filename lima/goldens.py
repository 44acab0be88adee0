"""Goldens: disks of converged machines without an identity, from which new machines begin.

A golden is a folder of the cache with a disk that is never written again and a few words about it.
A machine made from one has a hard link to that disk in its own folder and writes to an overlay
above it, so whoever removes a golden takes nothing away from a machine that still needs it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lima.disk_files import Disks
from lima.sleepers import Bed, bed_name

if TYPE_CHECKING:
    from lima.process import Identity
    from lima.spec import MachineSpec

VERSION = 1
"""Of the form of `golden.json`; a golden of another one is not used."""
_GIB = 1024**3


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one golden."""

    base: str
    """Digest of the image and of the template, less what a new machine may change."""
    parts: dict[str, str]
    """What was brought about in it, in order: a name, such as a profile's, and a digest each."""
    steps: int
    """How many steps that were."""
    image: str
    disk_gib: int
    """What the guest sees; a disk can only grow."""
    made: str
    """The day, in UTC: `2026-01-31`."""
    key: str
    version: int = VERSION

    def is_of(self, other: Golden) -> bool:
        """Whether both hold the same."""
        return (self.base, self.parts) == (other.base, other.parts)

    def leads_to(self, other: Golden) -> bool:
        """Whether a machine with this one's disk needs only additions to be what `other` is."""
        return (
            self.base == other.base
            and self.parts.items() <= other.parts.items()
            and self.disk_gib <= other.disk_gib
        )


@dataclass(frozen=True)
class GoldenStore:
    """The goldens of this host, in one folder of the cache."""

    folder: Path
    disks: Disks
    person: Identity | None = field(default=None, repr=False)
    """Who runs the machines, where that is not ourselves."""

    def all(self) -> tuple[Golden, ...]:
        """Return every golden that can be used, by key."""
        return tuple(sorted(self._read(), key=lambda golden: golden.key))

    def exact(self, wanted: Golden) -> Golden | None:
        """Return the golden that holds just what is wanted, if there is one of a fitting size."""
        return next(
            (found for found in self.all() if found.is_of(wanted) and found.leads_to(wanted)), None
        )

    def nearest(self, wanted: Golden) -> Golden | None:
        """Return the golden that leaves least to do, if one helps at all."""
        useful = [found for found in self.all() if found.leads_to(wanted)]
        return max(useful, key=lambda found: found.steps, default=None)

    def lock_file(self, key: str) -> Path:
        """Return what is locked by whoever makes or removes the golden of `key`."""
        return self.folder / f".{key}.lock"

    def keep(self, golden: Golden, machine: Path) -> None:
        """Make a golden of a stopped machine, in one piece; an older one of its key is replaced.

        Raises:
            DiskFailed: the disk could not be copied.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        new = Path(tempfile.mkdtemp(prefix=f".new-{golden.key}-", dir=self.folder))
        try:
            if self.person is not None:
                os.chown(new, self.person.uid, self.person.gid)
            self.disks.flatten(machine / "disk", new / "disk")
            self._seal(new)
            about = msgspec.json.format(msgspec.json.encode(golden), indent=2)
            (new / "golden.json").write_bytes(about + b"\n")
            self.remove(golden.key)
            new.rename(self._place(golden.key))
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def begin(self, golden: Golden, machine: Path, disk_gib: int) -> None:
        """Replace the disk of a machine that never ran by one that goes on from `golden`.

        Raises:
            DiskFailed: it could not be made; the machine keeps the disk it has.
        """
        source = self._place(golden.key) / "disk"
        self.disks.begin(source, machine, f"golden-{golden.key}", disk_gib * _GIB)
        os.utime(self._about(golden.key))

    def last_used(self, golden: Golden) -> float:
        """Return when a machine last began from it, in seconds since 1970."""
        return self._about(golden.key).stat().st_mtime

    def remove(self, key: str) -> bool:
        """Forget a golden; machines that were made from it keep what they need."""
        return self._discard(key, self._place(key))

    def bed(self, golden: Golden, spec: MachineSpec) -> Bed:
        """Return the place of the sleeper of this size, which need not be there."""
        return Bed(self._place(golden.key) / bed_name(spec))

    @contextmanager
    def new_bed(self, golden: Golden, spec: MachineSpec) -> Iterator[Bed]:
        """Yield a place to put a sleeper; it takes the place of an older one if all goes well."""
        new = Path(tempfile.mkdtemp(prefix=f".new-{golden.key}-", dir=self.folder))
        try:
            yield Bed(new)
            new.chmod(0o755)
            self.forget_sleeper(golden, spec)
            new.rename(self.bed(golden, spec).folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def begin_asleep(self, golden: Golden, machine: Path, spec: MachineSpec) -> None:
        """Like `begin`, from the disk of the sleeper; its memory must go on with this and no other.

        Raises:
            DiskFailed: it could not be made; the machine keeps the disk it has.
        """
        self.begin(golden, machine, spec.disk_gib)
        source = self.bed(golden, spec).disk
        self.disks.begin(source, machine, f"asleep-{golden.key}", spec.disk_gib * _GIB)

    def forget_sleeper(self, golden: Golden, spec: MachineSpec) -> bool:
        """Forget the sleeper of this size; machines that resumed from it keep what they need."""
        return self._discard(golden.key, self.bed(golden, spec).folder)

    def _discard(self, key: str, place: Path) -> bool:
        if not place.exists():
            return False
        # First out of sight: a removal that is cut short must not leave half of it.
        gone = Path(tempfile.mkdtemp(prefix=f".old-{key}-", dir=self.folder))
        place.rename(gone / "gone")
        shutil.rmtree(gone)
        return True

    def leftovers(self) -> tuple[tuple[str, Path], ...]:
        """Return what is half made or half removed: the golden's key and the folder of each."""
        found = (path for pattern in (".new-*", ".old-*") for path in self.folder.glob(pattern))
        return tuple((path.name.split("-")[1], path) for path in found)

    def used_bytes(self, golden: Golden) -> int:
        """Return what the golden and its sleepers take on the host."""
        asleep = self._place(golden.key).glob("asleep-*/*")
        return sum(path.stat().st_blocks * 512 for path in (self._disk(golden), *asleep))

    def machines_using(self, golden: Golden) -> int:
        """Return how many machines hold on to its disk."""
        return self._disk(golden).stat().st_nlink - 1

    def _seal(self, new: Path) -> None:
        """Take the disk from whoever runs machines: nothing that happens in one may change it."""
        descriptor = os.open(new / "disk", os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.chown(new, os.geteuid(), os.getegid())
            os.fchown(descriptor, os.geteuid(), os.getegid())
            os.fchmod(descriptor, 0o444)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.chmod(0o755)

    def _read(self) -> Iterator[Golden]:
        for place in self.folder.glob("[0-9a-f]*"):
            try:
                golden = msgspec.json.decode(self._about(place.name).read_bytes(), type=Golden)
            except (OSError, msgspec.DecodeError):
                continue  # it is only a cache: what cannot be read is made again
            if golden.version == VERSION and golden.key == place.name:
                yield golden

    def _place(self, key: str) -> Path:
        return self.folder / key

    def _about(self, key: str) -> Path:
        return self._place(key) / "golden.json"

    def _disk(self, golden: Golden) -> Path:
        return self._place(golden.key) / "disk"
