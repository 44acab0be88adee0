"""Machines on this host through Lima: the first of nopal's drivers.

Only machines in nopal's own LIMA_HOME are seen, and a machine is removed by limactl alone, by a
name that limactl itself has just listed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from lima.checkpoints import Checkpoints, CopiedCheckpoints, QemuCheckpoints
from lima.disk_files import CopiedDisks, QemuDisks
from lima.errors import (
    HostDiskFull,
    InstanceNotFound,
    InstanceProtected,
    InstanceUnrepairable,
    LimactlFailed,
    QmpFailed,
    StartFailed,
)
from lima.events import statuses
from lima.forwards import Forward, announced, listed
from lima.goldens import Golden, GoldenStore
from lima.host import Host
from lima.images import Image
from lima.instance import Instance
from lima.limactl import Limactl, LimactlProcess
from lima.master import end as end_master
from lima.master import renew
from lima.paths import LimaPaths
from lima.pid_files import forget_foreign
from lima.process import Identity, OnLine, identity
from lima.qmp import Qmp
from lima.readiness import last_words, readiness
from lima.resume import Sleepers
from lima.safety import assert_safe
from lima.spec import MachineSpec, check
from lima.template import image_in, render
from provision.transport.address import SshAddress

# Measured: 112 s for an emulated first boot on two idle cores; several boot side by side.
_START_TIMEOUT_S = {True: 10 * 60, False: 40 * 60}
# LIMA_HOME/NAME/ssh.sock.<16 characters> must fit a socket's path: 108 on Linux, 104 on macOS.
_PATH_LIMIT = {"Linux": 80, "Darwin": 76}
_LONGEST_NAME = 76
_GIB = 1024**3
_SHUT_DOWN_S = 90
_ANSWERS_S = 10
_ROOM = 64 * 1024**2
"""Bytes without which a halted machine would be halted again at once."""


def _silent(_line: str) -> None:
    pass


def _as_it_is(image: Image) -> Image:
    return image


@dataclass(frozen=True)
class Limits:
    """What this driver cannot do."""

    longest_name: int
    name_pattern: re.Pattern[str]
    """Matched against the whole name."""


@dataclass(frozen=True)
class LimaDriver:
    """Creates, starts, stops and removes machines; knows how to reach them."""

    limactl: Limactl
    paths: LimaPaths
    host: Host
    find_image: Callable[[Image], Image] = field(default=_as_it_is, repr=False)
    """Returns what a machine that wants an image is created from on this host."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def on(cls, paths: LimaPaths, host: Host, environment: Mapping[str, str]) -> LimaDriver:
        """Return the driver of this host, over the limactl that set-up found or installed.

        Raises:
            LimactlMissing: there is none.
        """
        from lima.setup.image import ensure_image  # noqa: PLC0415 - set-up, which only this needs
        from lima.setup.lima import find_limactl  # noqa: PLC0415

        def find_image(image: Image) -> Image:
            return ensure_image(image, paths, host, environment)

        executable = find_limactl(paths, host, environment)
        limactl = Limactl(LimactlProcess(executable, paths, host, environment))
        return cls(limactl, paths, host, find_image)

    def version(self) -> str:
        """Return the version of limactl, such as `Lima 2.2.0`."""
        return f"Lima {self.limactl.version()}"

    def list(self) -> tuple[Instance, ...]:
        """Return every machine, by one call of limactl."""
        return self.limactl.list()

    def instance(self, name: str) -> Instance | None:
        """Return one machine, or None when there surely is none.

        Files that tell of processes which are not the machine's are removed on the way.
        """
        found = self._listed(name)
        if found is None or found.status == "Stopped":
            return found
        return self._listed(name) if forget_foreign(self.paths.instance(name)) else found

    def _listed(self, name: str) -> Instance | None:
        return next((found for found in self.list() if found.name == name), None)

    def template_text(self, spec: MachineSpec) -> str:
        """Return the lima.yaml of a machine. Raises `UnsafeText`, `ImageUnavailable`."""
        return render(replace(spec, image=self.find_image(spec.image)))

    @cached_property
    def goldens(self) -> GoldenStore:
        """The disks from which new machines can begin."""
        disks = CopiedDisks() if self.host.vm_type == "vz" else QemuDisks(self._person)
        return GoldenStore(self.paths.goldens, disks, self._person)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """The moments to which machines can go back."""
        if self.host.vm_type == "vz":
            return CopiedCheckpoints(self.paths, CopiedDisks())
        return QemuCheckpoints(self.limactl, self.paths, self._person)

    @cached_property
    def sleepers(self) -> Sleepers:
        """The machines whose memory new ones can go on from."""

        def address(name: str) -> SshAddress:
            return self.ssh(self._known(name))

        return Sleepers(self.limactl, self.paths, self.host, self.goldens, address)

    def base(self, spec: MachineSpec) -> str:
        """Return a digest of what all machines have in common that can begin from one golden."""
        anyone = replace(
            spec,
            name="any",
            cpus=1,
            memory_gib=1,
            disk_gib=1,
            ports="none",
            mounts=(),
            tells_of_changes=False,
            timezone="Etc/UTC",
            agent_socket=None,
        )
        return hashlib.sha256(self.template_text(anyone).encode()).hexdigest()

    def create(
        self, spec: MachineSpec, on_line: OnLine = _silent, golden: Golden | None = None
    ) -> None:
        """Make the machine, stopped. One that is whole is left as it is; half of one is remade.

        With a `golden`, a new machine's disk begins as that one's.

        Raises:
            UnsafeText: a value of the spec cannot be.
            ImageUnavailable: its image cannot be had, or set-up has to build it first.
            InstanceProtected, InstanceUnrepairable: half a machine is in the way.
            LimactlFailed: limactl could not make it.
            DiskFailed: it is made, but has the image's disk and not the golden's.
        """
        check(spec)
        there = self.instance(spec.name)
        if there is not None:
            if self.is_whole(there):
                return
            on_line("removing what an interrupted creation left")
            self._remove(there)
        self.limactl.create(spec.name, self.template_text(spec), on_line)
        if golden is not None:
            self.goldens.begin(golden, self.paths.instance(spec.name), spec.disk_gib)

    def fork(
        self, source: str, checkpoint: str, spec: MachineSpec, on_line: OnLine = _silent
    ) -> None:
        """Make a machine, stopped, whose disk begins as that of a checkpoint of another one.

        Raises:
            UnsafeText: a value of the spec cannot be.
            InstanceNotFound: there is no such source.
            LimactlFailed: limactl could not make it.
            DiskFailed: it is made, but has the image's disk.
        """
        there = self._known(source)
        text = (self.paths.instance(source) / "lima.yaml").read_text(encoding="utf-8")
        # Its kernel, where that is no part of the disk, must be the source's.
        image = image_in(text, spec.image)
        disk_gib = max(spec.disk_gib, there.disk // _GIB)
        self.limactl.create(
            spec.name, render(replace(spec, image=image, disk_gib=disk_gib)), on_line
        )
        self.checkpoints.copy_disk(source, checkpoint, spec.name)

    def is_whole(self, instance: Instance) -> bool:
        """Whether creation got to its end: it has a disk, which Lima moves into place last.

        Nothing else counts: a machine whose configuration Lima cannot read is not half a machine.
        """
        folder = self.paths.instance(instance.name)
        return any((folder / name).exists() for name in ("disk", "diffdisk"))

    def update(self, spec: MachineSpec) -> bool:
        """Give a stopped machine the present template, and say whether that changed anything.

        It keeps the image that it was made from; the disk can grow, not shrink.

        Raises:
            InstanceNotFound: there is no such machine.
        """
        there = self._known(spec.name)
        if there.is_running:
            return False
        file = self.paths.instance(there.name) / "lima.yaml"
        before = file.read_text(encoding="utf-8")
        # Lima refuses to start a machine whose disk is to shrink.
        disk_gib = max(spec.disk_gib, there.disk // _GIB)
        text = render(replace(spec, image=image_in(before, spec.image), disk_gib=disk_gib))
        if before == text:
            return False
        # In place, so that the file keeps its owner, who is the system user when we are root;
        # and through no link, which that user could have put there for root to follow.
        descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        return True

    def start(
        self, name: str, on_line: OnLine = _silent, *, keeps_git: Sequence[Path] = ()
    ) -> None:
        """Start the machine and return when it is ready; when it runs, wait until it is.

        In mounted folders among `keeps_git` it cannot change hooks and configuration of repos.

        Raises:
            InstanceNotFound: there is no such machine.
            StartFailed: it did not get ready; it may still be running.
        """
        there = self._known(name)
        if there.is_running:
            self._wait_until_ready(name, on_line)
            return
        if there.is_broken:
            # Half of it runs: QEMU or Lima's agent was killed.
            on_line("ending the half of it that runs")
            self._end_half(name)
        try:
            self.limactl.start(name, self._timeout_s, on_line, keeps_git=keeps_git)
        except LimactlFailed as error:
            folder = self.paths.instance(name)
            words = last_words(folder)
            reason = f"{error.detail} ({words})" if words else error.detail
            raise StartFailed(name, reason, folder / "ha.stderr.log") from error

    def stop(self, name: str, *, force: bool = False, on_line: OnLine = _silent) -> None:
        """Stop the machine; one that is stopped already is left alone.

        Raises:
            InstanceNotFound: there is no such machine.
        """
        there = self._known(name)
        if there.status == "Stopped":
            return
        if there.is_broken and not force:
            self._end_half(name)
            return
        self.limactl.stop(name, force=force, on_line=on_line)

    def wake(self, name: str) -> None:
        """Let a machine go on that QEMU halted when a write failed for want of space.

        Raises:
            HostDiskFull: there is no space yet.
        """
        folder = self.paths.instance(name)
        try:
            with Qmp(folder / "qmp.sock", _ANSWERS_S) as qemu:
                status = qemu.execute("query-status")
                if not isinstance(status, dict) or status.get("status") != "io-error":
                    return
                if shutil.disk_usage(folder).free < _ROOM:
                    raise HostDiskFull(name, folder)
                qemu.execute("cont")
        except (OSError, QmpFailed):
            return  # no QEMU, or one that does not answer: a login will tell more

    def reconnect(self, name: str) -> None:
        """Have Lima connect anew to a running machine, whose connection is dead or hangs.

        Raises:
            InstanceNotFound: there is no such machine.
            LimactlFailed: Lima does not come to a connection again.
        """
        renew(self.limactl, self.paths.instance(name), self._known(name), self._person)

    def _end_half(self, name: str) -> None:
        """Stop a machine whose agent, or QEMU, is gone; a guest that still runs shuts down."""
        try:
            with Qmp(self.paths.instance(name) / "qmp.sock", _SHUT_DOWN_S) as qemu:
                qemu.execute("system_powerdown")
                qemu.wait_for_end()
        except (OSError, QmpFailed):
            pass  # it did not, or there is no QEMU: its power is cut
        self.limactl.stop(name, force=True)

    def rename(self, name: str, new: str) -> None:
        """Give a stopped machine another name, at once or not at all.

        Raises:
            InstanceNotFound: there is no such machine.
            LimactlFailed: it runs, or the name is taken.
        """
        there = self._known(name)
        folder = self.paths.instance(new)
        if there.status != "Stopped" or folder.exists():
            raise LimactlFailed(f"rename {name} {new}", 1, "it runs, or the name is taken")
        # Not `limactl rename`, which moves file by file: killed, it leaves half here, half there.
        self.paths.instance(name).rename(folder)
        # Written anew at each start; until then it would tell where the machine was.
        (folder / "ssh.config").unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Remove the machine and its disk, stopping it first.

        Raises:
            InstanceNotFound: there is no such machine.
            InstanceProtected: it is protected.
        """
        self._remove(self._known(name))

    def keep(self, name: str, golden: Golden) -> None:
        """Make `golden` of the disk of a stopped machine.

        Raises:
            InstanceNotFound: there is no such machine.
            DiskFailed: the disk could not be copied.
        """
        self._known(name)
        self.goldens.keep(golden, self.paths.instance(name))

    def assert_safe(self, instance: Instance, spec: MachineSpec) -> None:
        """Refuse a machine that gets more of its host than `spec` says. Raises `UnsafeInstance`."""
        assert_safe(instance, spec)

    def ssh(self, instance: Instance) -> SshAddress:
        """Return how to log in to a running machine; nopal adds the pinned host key."""
        user = instance.config.user.name if instance.config is not None else ""
        return SshAddress(
            host="127.0.0.1",
            port=instance.ssh_local_port,
            user=user,
            identity_file=self.paths.identity_file,
            known_hosts=None,
            host_key_alias=f"lima-{instance.name}",
            control_path=self.paths.instance(instance.name) / "ssh.sock",
        )

    def began_from(self, name: str) -> str:
        """Return the key of the golden that the machine's disk began as; empty for none, or vz."""
        links = sorted(self.paths.instance(name).glob("golden-*.qcow2"))
        return links[0].stem.removeprefix("golden-") if links else ""

    def forwards(self, instance: Instance) -> tuple[Forward, ...]:
        """Return the ports of a running machine that Lima means to bring to this host."""
        events = statuses(self.paths.instance(instance.name))
        return tuple(dict.fromkeys((*announced(events), *listed(instance.config))))

    def limits(self) -> Limits:
        """Return what names a machine can have here."""
        room = _PATH_LIMIT[self.host.system] - len(str(self.paths.home.resolve()))
        pattern = re.compile(r"(?!.*\.ya?ml$)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
        return Limits(min(room, _LONGEST_NAME), pattern)

    def disk_in_use(self, instance: Instance) -> int:
        """Return the bytes that the machine takes on the host."""
        folder = self.paths.instance(instance.name)
        total = 0
        for name in ("disk", "diffdisk", "basedisk"):
            path = folder / name
            if path.is_file() and not path.is_symlink():
                # Blocks, not length: the files are sparse.
                total += path.stat().st_blocks * 512
        return total

    @property
    def _timeout_s(self) -> int:
        return _START_TIMEOUT_S[self.host.has_hardware_virtualisation]

    def _known(self, name: str) -> Instance:
        there = self.instance(name)
        if there is None:
            raise InstanceNotFound(name)
        return there

    @property
    def _person(self) -> Identity | None:
        """Who runs machines, if not the caller."""
        return identity(self.paths.user) if self.paths.user else None

    def _remove(self, there: Instance) -> None:
        if there.protected:
            raise InstanceProtected(there.name)
        folder = self.paths.instance(there.name)
        if there.config is None and not (folder / "lima.yaml").exists():
            self._remove_empty(there.name, folder)
            return
        self.limactl.delete(there.name, force=True)
        end_master(folder, self._person)

    def _remove_empty(self, name: str, folder: Path) -> None:
        # limactl leaves a folder without lima.yaml alone; so do we, unless it holds nothing.
        try:
            folder.rmdir()
        except OSError as error:
            raise InstanceUnrepairable(name, folder) from error

    def _wait_until_ready(self, name: str, on_line: OnLine) -> None:
        folder = self.paths.instance(name)
        if readiness(folder) == "booting":
            on_line("waiting for a boot that is under way")
        deadline = self.clock() + self._timeout_s
        while (state := readiness(folder)) == "booting":
            if self.clock() > deadline:
                raise StartFailed(
                    name, "it has been booting for too long", folder / "ha.stderr.log"
                )
            self.sleep(1)
        if state == "exiting":
            raise StartFailed(name, last_words(folder) or "it stopped", folder / "ha.stderr.log")
