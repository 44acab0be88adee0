"""Resuming instead of booting: new machines go on from a memory that is kept with a golden.

Only QEMU can, and only where all that the memory relies on is as it was: see `sleepers.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from lima.errors import DiskFailed, LimactlFailed, ResumeFailed
from lima.goldens import Golden, GoldenStore
from lima.host import Host, processor
from lima.limactl import Limactl
from lima.memory import load, save
from lima.paths import LimaPaths
from lima.process import OnLine
from lima.sleepers import INCOMING, Bed, Sleeper, Surroundings, Twin
from lima.spec import MachineSpec
from provision.transport.address import SshAddress

# A machine that resumes is ready after seconds; what takes longer than this, a boot does better.
_TIMEOUT_S = {True: 60, False: 5 * 60}


@dataclass(frozen=True)
class Sleepers:
    """The machines that are kept asleep on this host."""

    limactl: Limactl
    paths: LimaPaths
    host: Host
    goldens: GoldenStore
    address: Callable[[str], SshAddress]
    """Returns how to log in to the running machine of a name."""

    def has(self, spec: MachineSpec, golden: Golden) -> bool:
        """Whether a machine of this shape can go on from a memory that is kept with `golden`.

        Not with mounts: each is a device, or a process of the host, that the memory does not know.
        """
        return (
            self.host.vm_type == "qemu"
            and not spec.mounts
            and self.goldens.bed(golden, spec).about.exists()
        )

    def keep(self, spec: MachineSpec, golden: Golden, *, private_key: str, host_key: str) -> None:
        """End the running machine and keep its memory with `golden`, where its disk began.

        Whoever resumes it logs in with `private_key` and finds `host_key`.

        Raises:
            ResumeFailed: that failed.
        """
        folder = self.paths.instance(spec.name)
        try:
            with self.goldens.new_bed(golden, spec) as bed:
                version, command = save(folder, bed.memory)
                around = self._surroundings(spec, version, command)
                bed.keep(Sleeper(around, host_key), private_key, folder / "disk")
        except OSError as error:
            raise ResumeFailed(str(error)) from error

    def resume(
        self,
        spec: MachineSpec,
        golden: Golden,
        make_its_own: Callable[[Twin], None],
        on_line: OnLine,
    ) -> None:
        """Start a machine that was made just now, from the memory that is kept with `golden`.

        `make_its_own` is called before anybody else gets at it; it has to tell Lima that the
        machine is ready, too.

        Raises:
            ResumeFailed: it did not go on; it is of no use then, and nor is the memory.
            Whatever `make_its_own` raises.
        """
        bed = self.goldens.bed(golden, spec)
        sleeper = bed.read()
        folder = self.paths.instance(spec.name)

        def check(version: str, command: tuple[str, ...]) -> None:
            here = self._surroundings(spec, version, command)
            if changed := here.differences(sleeper.surroundings):
                raise ResumeFailed(f"since it was kept, {' and '.join(changed)} changed")

        try:
            self.goldens.begin_asleep(golden, folder, spec)
            with ThreadPoolExecutor(1) as pool:
                timeout_s = _TIMEOUT_S[self.host.has_hardware_virtualisation]
                start = pool.submit(self.limactl.start, spec.name, timeout_s, on_line, INCOMING)
                try:
                    load(folder, bed.memory, check, start.done)
                    make_its_own(self._twin(spec.name, bed, sleeper))
                except BaseException:
                    # Then `start` comes back, too.
                    with suppress(LimactlFailed):
                        self.limactl.stop(spec.name, force=True)
                    raise
                start.result()
        except (OSError, LimactlFailed, DiskFailed) as error:
            raise ResumeFailed(str(error)) from error

    def _twin(self, name: str, bed: Bed, sleeper: Sleeper) -> Twin:
        address = replace(self.address(name), identity_file=bed.key, control_path=None)
        own = self.paths.identity_file.with_suffix(".pub").read_text(encoding="utf-8")
        return Twin(address, sleeper.host_key, own.strip())

    def _surroundings(
        self, spec: MachineSpec, version: str, command: tuple[str, ...]
    ) -> Surroundings:
        folder = self.paths.instance(spec.name)
        authorities = b"".join(file.read_bytes() for file in spec.ca_files)
        return Surroundings(
            qemu=version,
            command=command,
            processor=processor() if self.host.has_hardware_virtualisation else "",
            lima=(folder / "lima-version").read_text(encoding="utf-8"),
            authorities=hashlib.sha256(authorities).hexdigest(),
        )
