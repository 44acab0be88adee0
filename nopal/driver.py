"""What a machine needs of whatever runs it; Lima is the first to give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from lima.checkpoints import Checkpoints
from lima.forwards import Forward
from lima.goldens import Golden, GoldenStore
from lima.instance import Instance
from lima.resume import Sleepers
from lima.spec import MachineSpec
from provision.transport.address import SshAddress


class Driver(Protocol):
    """Makes, starts, stops and ends machines by name. It never sees a project or a profile."""

    def version(self) -> str:
        """Return the name and the version of what runs machines."""

    def list(self) -> tuple[Instance, ...]:
        """Return all machines, by one call however many there are."""

    def instance(self, name: str) -> Instance | None:
        """Return one machine, or None when there is none of that name."""

    @property
    def goldens(self) -> GoldenStore:
        """The disks from which new machines can begin."""

    @property
    def checkpoints(self) -> Checkpoints:
        """The moments to which machines can go back."""

    @property
    def sleepers(self) -> Sleepers:
        """The machines whose memory new ones can go on from, instead of booting."""

    def base(self, spec: MachineSpec) -> str:
        """Return a digest of what all machines have in common that can begin from one golden."""

    def create(
        self, spec: MachineSpec, on_line: Callable[[str], None], golden: Golden | None = None
    ) -> None:
        """Make a stopped machine; what a killed run left half-made is made anew.

        With a `golden`, a new machine's disk begins as that one's.
        """

    def fork(
        self, source: str, checkpoint: str, spec: MachineSpec, on_line: Callable[[str], None]
    ) -> None:
        """Make a stopped machine whose disk begins as that of a checkpoint of another one."""

    def keep(self, name: str, golden: Golden) -> None:
        """Make `golden` of the disk of a stopped machine."""

    def update(self, spec: MachineSpec) -> bool:
        """Give a stopped machine the present shape; return whether that changed anything."""

    def start(
        self, name: str, on_line: Callable[[str], None], *, keeps_git: Sequence[Path]
    ) -> None:
        """Boot the machine and return when it can be logged in to.

        In mounted folders among `keeps_git` it cannot change hooks and configuration of repos.
        """

    def stop(self, name: str, *, force: bool = False) -> None:
        """Shut the machine down, or end it at once with `force`."""

    def wake(self, name: str) -> None:
        """Let a machine go on that was halted for want of space on this computer.

        Raises:
            HostDiskFull: there is none yet.
        """

    def reconnect(self, name: str) -> None:
        """Connect anew to a running machine, whose forwards and clock hang on that connection."""

    def rename(self, name: str, new: str) -> None:
        """Give a stopped machine another name, at once or not at all."""

    def delete(self, name: str) -> None:
        """End the machine and remove its disk."""

    def assert_safe(self, instance: Instance, spec: MachineSpec) -> None:
        """Refuse a running machine that gets more of its host than `spec` says."""

    def ssh(self, instance: Instance) -> SshAddress:
        """Return how to log in to a running machine."""

    def began_from(self, name: str) -> str:
        """Return the key of the golden that the machine's disk began as; empty where none is known.

        The golden may be gone since.
        """

    def forwards(self, instance: Instance) -> tuple[Forward, ...]:
        """Return the ports of a running machine that are to answer at ports of this computer.

        That they do is not certain: another program may have the port.
        """

    def disk_in_use(self, instance: Instance) -> int:
        """Return the bytes that the machine takes on the host's disk."""
