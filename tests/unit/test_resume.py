"""When a machine's memory may go on in another, and what becomes of both when it does not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import msgspec
import pytest

from guard.host_keys import PinStore
from guard.public_key import parse_public_key
from lima.disk_files import Disks
from lima.errors import ResumeFailed
from lima.goldens import Golden, GoldenStore
from lima.host import Host
from lima.images import catalogue
from lima.instance import Instance
from lima.limactl import environment
from lima.paths import LimaPaths
from lima.process import Identity, OnLine
from lima.sleepers import INCOMING, Bed, Sleeper, Surroundings, Twin, bed_name, comparable
from lima.spec import MachineSpec, Mount
from nopal.driver import Driver
from nopal.machine import Machine
from nopal.machine_errors import NotRunning
from nopal.rekey import NotRekeyed, rekey
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.state import MachineState, StateStore
from nopal.wish import Wish
from provision.transport.address import SshAddress

SPEC = MachineSpec(
    name="blog", image=catalogue("debian-13", "x86_64"), vm_type="qemu", machine="x86_64"
)
GOLDEN = Golden(
    key="aa00", base="i", parts={"base": "1"}, steps=10, image="x", disk_gib=16, made="2026-01-31"
)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwfPTXMuJLI1qVPtjHbAeEs72kuhZsikV20J2veREED"
AROUND = Surroundings("8.2", ("qemu", "-m", "4096"), "", "2.2.0", "none")


def command(folder: str, *, name: str, port: int, mac: str, memory: str = "4096") -> list[str]:
    return [
        *("/usr/bin/qemu-system-x86_64", "-m", memory, "-drive", f"file={folder}/disk,if=none"),
        *("-netdev", f"user,id=net0,net=192.168.5.0/24,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", f"virtio-net-pci,netdev=net0,mac={mac}", "-name", name),
        *("-pidfile", f"{folder}/qemu.pid"),
    ]


def test_two_machines_differ_in_nothing_that_a_memory_relies_on() -> None:
    one = command("/l/one", name="lima-one", port=6001, mac="52:55:55:00:00:01")
    two = command("/l/two", name="lima-two", port=6002, mac="52:55:55:00:00:02")
    other = comparable([*two, *INCOMING], Path("/l/two"))
    assert comparable(one, Path("/l/one")) == other
    assert "-incoming" not in other


def test_other_hardware_is_seen() -> None:
    one = command("/l/one", name="lima-one", port=6001, mac="52:55:55:00:00:01")
    two = command("/l/one", name="lima-one", port=6001, mac="52:55:55:00:00:01", memory="8192")
    assert comparable(one, Path("/l/one")) != comparable(two, Path("/l/one"))


def test_what_changed_is_named() -> None:
    assert AROUND.differences(AROUND) == ()
    changed = msgspec.structs.replace(AROUND, qemu="9.0", lima="2.3.0")
    assert AROUND.differences(changed) == ("the version of QEMU", "the version of Lima")


def test_a_bed_is_closed_and_read_again(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.memory.write_bytes(b"m")
    (tmp_path / "overlay").write_bytes(b"d")
    sleeper = Sleeper(AROUND, HOST_KEY)
    bed.keep(sleeper, "secret", tmp_path / "overlay")
    assert bed.read() == sleeper
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    assert modes["memory"] == "0o400"
    assert modes["key"] == "0o600"
    assert modes["disk"] == "0o444"


def test_a_disk_that_is_a_link_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "overlay").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        Bed(tmp_path).keep(Sleeper(AROUND, HOST_KEY), "secret", tmp_path / "overlay")


@pytest.mark.parametrize("text", ["", "{", '{"version": 9}'])
def test_what_is_known_of_a_sleeper_may_be_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "resume.json").write_text(text)
    with pytest.raises(ResumeFailed):
        Bed(tmp_path).read()


def test_sleepers_differ_by_size_and_not_by_name() -> None:
    assert bed_name(SPEC) == bed_name(replace(SPEC, name="shop", timezone="Europe/Paris"))
    assert bed_name(SPEC) != bed_name(replace(SPEC, memory_gib=8))


@pytest.mark.parametrize("is_fast", [True, False])
def test_qemu_is_told_to_wait_for_a_memory_by_limas_own_variable(is_fast: bool) -> None:
    paths, person = LimaPaths(Path("/l"), Path("/t"), Path("/i")), Identity("a", 9, 9, (9,), "/a")
    host = Host("Linux", "aarch64", has_hardware_virtualisation=is_fast)
    command = environment(paths, host, person, {}, INCOMING)["QEMU_SYSTEM_AARCH64"]
    assert command.startswith("qemu-system-aarch64 ")
    assert command.endswith(" -incoming defer")
    assert ("-accel tcg" in command) is not is_fast


@dataclass
class Guest:
    """Answers every script alike."""

    lines: list[str]
    status: int = 0
    seeds: list[str] = field(default_factory=list)

    def run(self, script: str, on_line: Callable[[str], None], *, secret: str = "") -> int:
        self.seeds.append(secret)
        for line in self.lines:
            on_line(line)
        return self.status


def test_a_new_host_key_is_read_and_each_guest_gets_its_own_seed() -> None:
    guest = Guest(["noise", f"host-key: {HOST_KEY} root@lima-blog"])
    assert rekey(guest, authorized_key="ssh-ed25519 x").line == parse_public_key(HOST_KEY).line
    rekey(guest, authorized_key="ssh-ed25519 x")
    assert len(set(guest.seeds)) == 2
    assert all(len(bytes.fromhex(seed)) == 64 for seed in guest.seeds)


@pytest.mark.parametrize(
    "guest",
    [Guest(["no such disc"], 1), Guest([]), Guest(["host-key: rubbish"])],
    ids=["it fails", "it is silent", "no key"],
)
def test_a_guest_that_does_not_become_its_own_is_an_error(guest: Guest) -> None:
    with pytest.raises(NotRekeyed):
        rekey(guest, authorized_key="ssh-ed25519 x")


@dataclass
class FakeSleepers:
    """Has a memory of every machine; it goes on, or `fails`."""

    fails: str = ""

    def has(self, spec: MachineSpec, golden: Golden) -> bool:
        return not spec.mounts

    def resume(
        self, spec: MachineSpec, golden: Golden, own: Callable[[Twin], None], on_line: OnLine
    ) -> None:
        if self.fails:
            raise ResumeFailed(self.fails)


@dataclass
class FakeDriver:
    """Machines that are nothing but their status."""

    goldens: GoldenStore
    sleepers: FakeSleepers = field(default_factory=FakeSleepers)
    status: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def instance(self, name: str) -> Instance | None:
        there = name in self.status
        return Instance(name=name, dir="", status=self.status[name]) if there else None

    def create(self, spec: MachineSpec, on_line: OnLine, golden: Golden | None = None) -> None:
        self.calls.append("create")
        self.status[spec.name] = "Running"

    def start(self, name: str, on_line: OnLine, *, keeps_git: Sequence[Path]) -> None:
        self.calls.append("start")

    def delete(self, name: str) -> None:
        self.calls.append("delete")
        del self.status[name]

    def assert_safe(self, instance: Instance, spec: MachineSpec) -> None:
        self.calls.append("assert_safe")

    def ssh(self, instance: Instance) -> SshAddress:
        return SshAddress(
            host="127.0.0.1", port=1, user="dev", identity_file=None, known_hosts=None
        )


@dataclass
class Bench:
    """One machine on fakes."""

    machine: Machine
    driver: FakeDriver
    told: io.StringIO

    def start(self, spec: MachineSpec = SPEC) -> MachineState:
        """Do what `up` does until it would log in."""
        states = self.machine.states
        return self.machine._boot.run(states.read("blog"), Wish(spec, ()), lambda: GOLDEN)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    told = io.StringIO()
    driver = FakeDriver(GoldenStore(tmp_path / "goldens", cast("Disks", None)))
    pins = PinStore(tmp_path / "known_hosts")
    states = StateStore(tmp_path / "state")
    with Reporter("blog", PlainScreen(told), tmp_path / "log") as reporter:
        machine = Machine("blog", lambda: cast("Driver", driver), states, pins, reporter)
        yield Bench(machine, driver, told)


def test_a_machine_that_resumed_is_pinned_and_checked_and_no_twin(bench: Bench) -> None:
    state = bench.start()
    assert (state.pinned, state.is_twin) == (True, False)
    assert bench.driver.calls == ["create", "assert_safe"]


def test_a_machine_that_did_not_resume_is_made_anew_and_boots(bench: Bench) -> None:
    bench.driver.sleepers.fails = "since it was kept, the version of QEMU changed"
    bed = bench.driver.goldens.bed(GOLDEN, SPEC).folder
    bed.mkdir(parents=True)
    state = bench.start()
    assert (state.pinned, state.is_twin) == (False, False)
    assert bench.driver.calls == ["create", "delete", "create", "start", "assert_safe"]
    said = "boots instead of resuming: since it was kept, the version of QEMU changed"
    assert said in bench.told.getvalue()
    assert not bed.exists()


def test_a_machine_with_mounts_boots_and_nothing_is_said(bench: Bench) -> None:
    bench.start(replace(SPEC, mounts=(Mount(Path("/home/ann/code")),)))
    assert bench.driver.calls == ["create", "start", "assert_safe"]
    assert "resuming" not in bench.told.getvalue()


def test_a_twin_that_a_killed_command_left_is_thrown_away_and_let_nobody_in(bench: Bench) -> None:
    bench.machine.states.write(MachineState(name="blog", is_twin=True))
    bench.driver.status["blog"] = "Running"
    with pytest.raises(NotRunning, match="half made"):
        bench.machine.reach()
    assert bench.machine.plan(Wish(SPEC, ()))[0].startswith("create the machine")
    bench.start()
    assert bench.driver.calls == ["delete", "create", "assert_safe"]
    assert not bench.machine.states.read("blog").is_twin
