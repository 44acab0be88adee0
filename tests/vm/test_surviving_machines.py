"""What can befall a machine that runs, provoked for real: the sentence, and the repair by `up`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from survivor import NAME, PROJECT, Survivor

pytestmark = [pytest.mark.kills, pytest.mark.timeout(3600)]


@pytest.fixture
def well(survivor: Survivor) -> Iterator[Survivor]:
    """The machine as it was when it was well, which it is again afterwards."""
    if "well" not in survivor.inv("checkpoints"):
        survivor.inv("checkpoint", "--name=well")
    yield survivor
    if survivor.driver.list()[0].status != "Running":
        survivor.inv("up")
    survivor.inv("rewind", "--yes", "--name=well")


def eventually(look: Callable[[], bool]) -> bool:
    for _ in range(60):
        if look():
            return True
        time.sleep(1)
    return False


def test_a_connection_that_stands_still_is_noticed_and_opened_anew(survivor: Survivor) -> None:
    (master,) = survivor.masters()
    os.kill(master, signal.SIGSTOP)
    told = survivor.inv("up")
    assert "the connection for its ports, clock and agent was dead: opened anew" in told
    (renewed,) = survivor.masters()
    assert renewed != master


def test_a_connection_that_was_killed_is_there_again_after_any_login(survivor: Survivor) -> None:
    (master,) = survivor.masters()
    os.kill(master, signal.SIGKILL)
    assert survivor.run("echo in") == "in"
    assert eventually(lambda: len(survivor.masters()) == 1)


def test_a_machine_that_slept_has_the_time_and_its_connection_again(survivor: Survivor) -> None:
    frozen = [survivor.pid("qemu.pid"), survivor.pid("ha.pid")]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(20)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    survivor.inv("up")
    asked = time.time()
    assert asked - 5 < float(survivor.run("date +%s.%N")) < time.time() + 5
    assert len(survivor.masters()) == 1


def test_a_clock_that_stands_wrong_is_set_by_up(survivor: Survivor) -> None:
    agent = survivor.pid("ha.pid")
    # Lima's agent would set it, too, within ten seconds.
    os.kill(agent, signal.SIGSTOP)
    try:
        survivor.run("sudo date -s '-2 hours' >/dev/null")
        told = survivor.inv("up")
        assert re.search(r"its clock is 1(19|20) min \d+ s behind, as after a sleep: set", told)
        assert abs(float(survivor.run("date +%s")) - time.time()) < 60
    finally:
        os.kill(agent, signal.SIGCONT)


def test_a_stopped_sshd_is_started_before_a_login(survivor: Survivor) -> None:
    survivor.run("sudo systemctl stop ssh.socket ssh")
    assert survivor.run("systemctl is-active ssh") == "active"


def test_another_host_key_is_refused_until_it_is_adopted(well: Survivor) -> None:
    pinned = (well.person.state / "known_hosts").read_text()
    well.run(
        "sudo sh -c 'rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh' >/dev/null 2>&1"
    )
    for master in well.masters():
        os.kill(master, signal.SIGKILL)
    told = well.inv("up", status=1)
    assert "shows the host key SHA256:" in told
    assert f"If you remade it: `inv adopt {NAME}`, then connect again." in told
    assert (well.person.state / "known_hosts").read_text() == pinned
    well.person.inv("adopt", NAME)
    well.inv("up")
    assert (well.person.state / "known_hosts").read_text() != pinned
    well.person.inv("adopt", NAME)


def test_a_full_disk_of_the_guest_is_said_with_what_mends_it(well: Survivor) -> None:
    well.run("rm ~/AGENTS.md; sudo sh -c 'cat /dev/zero >/full 2>/dev/null'; sync", None)
    told = well.inv("up", status=1)
    assert (
        f"the disk of the machine {NAME} is full: remove something in it, or raise `disk` of the"
        f" project, then: inv up --restart -p {NAME}"
    ) in told


def test_a_root_that_is_read_only_is_said_with_what_mends_it(well: Survivor) -> None:
    well.run("rm ~/AGENTS.md; sync; echo u | sudo tee /proc/sysrq-trigger >/dev/null; sleep 3")
    told = well.inv("up", status=1)
    assert (
        f"`/` of the machine {NAME} is read-only, as after an error of its disk; a boot checks and"
        f" mends it: inv restart -p {NAME}"
    ) in told


def test_a_guest_without_a_network_is_said_with_what_mends_it(well: Survivor) -> None:
    well.run("sudo dpkg --remove --force-depends rsync >/dev/null; sudo ip route del default")
    told = well.inv("up", status=None)
    if " failed" in told:
        assert f"the machine {NAME} has no network (no route out of it): inv restart" in told


def test_a_machine_whose_agent_was_killed_goes_on_and_says_what_it_lacks(
    survivor: Survivor,
) -> None:
    os.kill(survivor.pid("ha.pid"), signal.SIGKILL)
    told = survivor.inv("up")
    assert (
        "what runs in it goes on, but Lima's agent for it was killed, so its ports and clock stand"
        f" still until: inv restart -p {NAME}"
    ) in told
    survivor.inv("restart")
    assert survivor.leftovers() == []
    assert survivor.run("echo in") == "in"


def test_a_machine_whose_qemu_was_killed_is_started_with_a_larger_disk(survivor: Survivor) -> None:
    file = survivor.person.projects_file
    file.write_text(PROJECT.replace("16GiB", "18GiB").replace("2GiB", "3GiB", 1))
    assert f"disk is 16GiB and not 18GiB until: inv up --restart -p {NAME}" in survivor.inv(
        "plan", status=2
    )
    os.kill(survivor.pid("qemu.pid"), signal.SIGKILL)
    assert eventually(lambda: survivor.driver.list()[-1].status != "Running")
    told = survivor.inv("up")
    assert "until" not in told
    memory, disk = survivor.run(
        "awk '/MemTotal/ {print $2}' /proc/meminfo; df --output=size -BG / | tail -1"
    ).split()
    assert int(memory) > 2.5 * 2**20
    assert int(disk.rstrip("G")) >= 17
    file.write_text(PROJECT.replace("2GiB", "3GiB", 1))
    assert "disk is 18GiB and cannot shrink to 16GiB: set it to 18GiB" in survivor.inv(
        "plan", status=2
    )
    assert survivor.leftovers() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_machine_halted_by_a_full_disk_of_its_host_goes_on_once_there_is_room(
    survivor: Survivor, tmp_path: Path
) -> None:
    disk = survivor.folder / "disk"
    survivor.inv("down")
    small = tmp_path / "small"
    small.mkdir()
    room = disk.stat().st_blocks * 512 + (400 << 20)
    subprocess.run(["truncate", f"--size={room}", str(tmp_path / "fs")], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(tmp_path / "fs")], check=True)
    if subprocess.run(
        ["mount", "-o", "loop", str(tmp_path / "fs"), str(small)], check=False
    ).returncode:
        survivor.inv("up")
        pytest.skip("no loop mounts are allowed here")
    try:
        subprocess.run(["cp", "-a", "--sparse=always", str(disk), str(small)], check=True)
        subprocess.run(["mount", "--bind", str(small / "disk"), str(disk)], check=True)
        survivor.inv("up")
        filler = small / "filler"
        subprocess.run(["fallocate", "-l", "200M", str(filler)], check=False)
        survivor.run("setsid sh -c 'head -c 900M /dev/urandom >~/big; sync' >/dev/null 2>&1 &")
        assert eventually(lambda: os.statvfs(small).f_bavail * 4096 < 4 << 20)
        told = survivor.inv("up", status=1)
        assert f"Machine `{NAME}` is halted: no space left on device" in told
        filler.unlink()
        survivor.run("rm -f ~/big", None)
        survivor.inv("up")
    finally:
        survivor.inv("down", "--force", status=None)
        subprocess.run(["umount", str(disk)], check=False)
        subprocess.run(["umount", str(small)], check=True)
        survivor.inv("up")


def test_a_machine_of_a_renamed_project_is_adopted_with_its_disk(survivor: Survivor) -> None:
    survivor.run("echo mine > ~/mine; sync")
    file = survivor.person.projects_file
    before = file.read_text()
    file.write_text(before.replace(NAME, "renamed"))
    told = survivor.inv("up", status=2)
    assert f"give it to another: `inv adopt {NAME} -p OTHER`" in told
    survivor.person.inv("adopt", NAME, "-p", "renamed")
    survivor.person.inv("up", "-p", "renamed")
    assert survivor.person.inv("run", "cat ~/mine", "-p", "renamed").out == "mine\n"
    survivor.person.inv("destroy", "--yes", "-p", "renamed")
    file.write_text(before)
    survivor.inv("up")
