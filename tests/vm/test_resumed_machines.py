"""Machines that resume instead of booting, on real Lima: twins share nothing, and fall-backs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from person import CHECKOUT, INV, SLOWEST_UP_S, Person

from lima.driver import LimaDriver
from lima.host import detect
from nopal.paths import Paths

pytestmark = pytest.mark.timeout(3600)

TWINS = ("one", "two")
# A size of its own, so that no memory of anybody else will do.
SHAPE = 'cpus = 2\nmemory = "3GiB"\ndisk = "17GiB"\nports = "none"\nprofiles = []\n'
BED = "asleep-2-3-17"
# What a machine may share with nobody, each by the command that shows it.
OWN = {
    "hostname": "hostname",
    "its name on disk": "cat /etc/hostname",
    "machine-id": "cat /etc/machine-id",
    "boot id": "cat /proc/sys/kernel/random/boot_id",
    "host keys": "cat /etc/ssh/ssh_host_*.pub",
    "random bytes": "head -c 32 /dev/urandom | base64",
    "random seed": "sudo base64 /var/lib/systemd/random-seed",
    "instance": "sudo cat /mnt/lima-cidata/meta-data",
    "journal": "ls /var/log/journal",
}
CUT = "--cut--"


@dataclass(frozen=True)
class Twins:
    """Two machines that went on from one memory."""

    person: Person
    told: dict[str, str]
    """What `up` said of each."""

    def run(self, command: str, name: str) -> str:
        return self.person.inv("run", command, "-p", name).out.strip()

    def run_if_reached(self, command: str, name: str) -> str:
        return self.person.inv("run", command, "-p", name, status=None).out.strip()

    def driver(self) -> LimaDriver:
        return driver_of(self.person)

    def pins(self, name: str) -> str:
        lines = (self.person.state / "known_hosts").read_text().splitlines()
        return "\n".join(line for line in lines if line.startswith(f"nopal-{name} "))


def driver_of(person: Person) -> LimaDriver:
    environ = person.environment()
    paths = Paths.from_environment(environ, is_root=os.geteuid() == 0, home=person.home)
    return LimaDriver.on(paths.lima, detect(), environ)


def sleeper_file(twins: Twins) -> Path:
    """Return what is known of the sleeper from which the twins went on."""
    kept = twins.driver().goldens.folder.glob(f"*/{BED}/resume.json")
    return max(kept, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def twins(place: Path) -> Iterator[Twins]:
    if detect().vm_type != "qemu":
        pytest.skip("only QEMU can resume")
    person = Person(place / "tia")
    person.projects_file.parent.mkdir(parents=True)
    names = (*TWINS, "late")
    person.projects_file.write_text("".join(f"[projects.{name}]\n{SHAPE}" for name in names))
    person.inv("bake", "-p", "one")
    yield Twins(person, {name: person.inv("up", "-p", name).err for name in TWINS})
    for name in names:
        person.inv("destroy", "--yes", "-p", name, status=None)
    for folder in driver_of(person).goldens.folder.glob(f"*/{BED}"):
        shutil.rmtree(folder)


def test_both_resumed(twins: Twins) -> None:
    for told in twins.told.values():
        assert "resuming: done" in told
        assert "starting" not in told


@pytest.fixture(scope="module")
def shown(twins: Twins) -> list[dict[str, str]]:
    """What each twin shows, by one login each."""
    script = f"; echo {CUT}; ".join(OWN.values())
    parts = (twins.run(script, name).split(f"{CUT}\n") for name in TWINS)
    return [dict(zip(OWN, part, strict=True)) for part in parts]


@pytest.mark.parametrize("what", OWN)
def test_twins_share_nothing(shown: list[dict[str, str]], what: str) -> None:
    one, two = (of[what] for of in shown)
    assert one.strip()
    assert set(one.split()) & set(two.split()) <= {"ssh-ed25519", "instance-id:", "local-hostname:"}


def test_nothing_of_the_one_who_slept_is_left(twins: Twins) -> None:
    about = sleeper_file(twins)
    named = f"lima-nopal-bake-{about.parents[1].name}"
    found = twins.run(f"sudo grep -rIls {named} /etc /run /var --exclude-dir=lock || true", "one")
    assert found == ""
    asleep = json.loads(about.read_text())["host_key"].split()[1]
    assert asleep not in twins.run("cat /etc/ssh/*.pub", "one") + twins.pins("one")
    assert twins.run("grep -c . ~/.ssh/authorized_keys; ls /run/nopal-asleep || true", "one") == "1"


def test_names_are_found_and_the_clock_is_right(twins: Twins) -> None:
    assert twins.run("getent hosts host.lima.internal", "two").startswith("192.168.5.2")
    assert abs(float(twins.run("date +%s", "two")) - time.time()) < 60


def test_one_that_boots_again_by_itself_is_reached_as_before(twins: Twins) -> None:
    since = "cat /proc/sys/kernel/random/boot_id"
    before = twins.run(since, "two")
    twins.person.inv("run", "sudo systemctl reboot", "-p", "two", status=None)
    deadline = time.monotonic() + SLOWEST_UP_S
    while twins.run_if_reached(since, "two") in {"", before}:
        assert time.monotonic() < deadline
        time.sleep(2)
    assert twins.run("hostname", "two") == "lima-two"
    # Its own MAC has got another address; the one of the forwards is still there.
    assert "192.168.5.15" in twins.run("hostname -I", "two")


def test_a_restart_is_an_ordinary_boot_with_the_same_host_key(twins: Twins) -> None:
    before = twins.pins("one")
    identity = twins.run("cat /etc/machine-id /etc/hostname", "one")
    told = twins.person.inv("restart", "-p", "one").err
    assert "resuming" not in told
    assert twins.run("cat /etc/machine-id /etc/hostname", "one") == identity
    assert twins.pins("one") == before
    assert twins.run("cat /run/cloud-init/.instance-id", "one").startswith("iid-")


def test_a_killed_resume_and_a_memory_of_another_qemu_end_in_a_machine_that_booted(
    twins: Twins,
) -> None:
    about = sleeper_file(twins)
    half_made(twins.person, "late")
    about.write_text(about.read_text().replace('\\"major\\": ', '\\"major\\": 9'))
    told = twins.person.inv("up", "-p", "late")
    assert "boots instead of resuming: since it was kept, the version of QEMU changed" in told.err
    assert twins.run("hostname", "late") == "lima-late"
    assert not about.exists()


def half_made(person: Person, name: str) -> None:
    """Kill `up` while the machine goes on from another's memory and is not its own yet."""
    state = person.state / "state" / f"{name}.json"
    command = [*person.prefix, str(INV), "up", "-p", name]
    with subprocess.Popen(
        command, env=person.environment(), cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + SLOWEST_UP_S
        lines = iter(process.stderr or ())
        while "resuming" not in next(lines):
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGKILL)
    assert json.loads(state.read_text())["is_twin"]
