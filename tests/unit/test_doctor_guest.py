from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from nopal.doctor.examine import examine
from nopal.doctor.finding import Check, Finding, Subject
from nopal.doctor.guest_checks import (
    clock_check,
    credentials_check,
    disk_checks,
    mounts_check,
    names_check,
)
from nopal.doctor.visit import Told, Visit

GIB = 1024**3
NOON = 1_800_000_000.0


@dataclass
class FakeGuest:
    """A guest that answers, and whose clock can be set."""

    answers: dict[str, str | None] = field(default_factory=dict)
    skew: float = 0
    visits: int = 0

    def take(self) -> Told:
        self.visits += 1
        return Told({"clock": f"{NOON + self.skew:.9f}", **self.answers}, NOON - 1, NOON + 1)

    def set_clock(self) -> None:
        self.skew = 0


def clock(guest: FakeGuest) -> Check:
    return clock_check(Visit(guest.take), "blog", guest.set_clock)


@pytest.mark.parametrize("skew", [0.0, 2.5, -2.5])
def test_a_clock_is_right_within_the_time_that_asking_took(skew: float) -> None:
    assert clock(FakeGuest(skew=skew)).look().ok


@pytest.mark.parametrize(
    ("skew", "says"),
    [(-3600.0, "3599 s behind this computer's"), (3600.0, "3599 s ahead of this computer's")],
)
def test_a_clock_that_jumped_is_set_and_looked_at_anew(skew: float, says: str) -> None:
    guest = FakeGuest(skew=skew)
    check = clock(guest)
    finding = check.look()
    assert (finding.ok, finding.says) == (False, says)
    assert finding.fix == "inv doctor --fix -p blog"
    (result,) = examine([Subject("blog", (check,))], mends=True)
    assert result.is_mended
    assert guest.visits == 2


def test_checks_of_one_guest_share_one_look() -> None:
    guest = FakeGuest({"names": "yes\nyes"})
    visit = Visit(guest.take)
    checks = (
        clock_check(visit, "blog", guest.set_clock),
        names_check(visit, "blog", lambda _name: True),
    )
    assert [result.finding.ok for result in examine([Subject("blog", checks)])] == [True, True]
    assert guest.visits == 1


def names(answer: str | None, *, resolves_here: bool = True) -> Finding:
    visit = Visit(FakeGuest({"names": answer}).take)
    return names_check(visit, "blog", lambda _name: resolves_here).look()


def test_names_that_the_guest_finds_are_well() -> None:
    assert names("yes\nyes").says == "finds deb.debian.org"


def test_a_resolver_that_is_dead_is_told_from_a_network_that_is_gone() -> None:
    assert "Lima's resolver" in names("no\nno").says
    assert names("yes\nno").says == "this computer finds deb.debian.org, and it does not"


def test_a_name_that_this_computer_does_not_find_either_is_no_fault_of_the_guest() -> None:
    assert names("yes\nno", resolves_here=False).ok


def disk(**answers: str | None) -> tuple[Finding, Finding]:
    writable, room = disk_checks(Visit(FakeGuest(dict(answers)).take), "blog")
    return writable.look(), room.look()


def blocks(total: int, free: int, files: int = 1000, free_files: int = 900) -> str:
    return f"1 {total} {free} {files} {free_files}"


def test_a_disk_with_room_that_can_be_written_is_well() -> None:
    found = disk(mounts="/ ext4 rw,relatime", disk=blocks(20 * GIB, 10 * GIB))
    assert [one.says for one in found] == ["/ can be written", "10.0 GiB free of 20.0 GiB"]


def test_a_read_only_root_is_a_fault() -> None:
    writable, _room = disk(mounts="/ ext4 ro,relatime")
    assert writable.says.startswith("/ is read-only")
    assert writable.fix.startswith("inv restart -p blog")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (blocks(20 * GIB, GIB // 2), "nearly full: 512.0 MiB free of 20.0 GiB"),
        (blocks(100 * GIB, 4 * GIB), "nearly full: 4.0 GiB free of 100.0 GiB"),
        (blocks(20 * GIB, 10 * GIB, 1000, 10), "nearly all 1000 files are in use"),
    ],
)
def test_a_disk_without_room_is_a_fault(answer: str, says: str) -> None:
    _writable, room = disk(mounts="/ ext4 rw", disk=answer)
    assert (room.ok, room.says) == (False, says)


def mounts(answer: str, *writable: str) -> Finding:
    wanted = dict.fromkeys(writable, True)
    return mounts_check(Visit(FakeGuest({"mounts": answer}).take), "blog", wanted).look()


def test_just_the_folders_that_were_asked_for_are_in_the_guest() -> None:
    virtiofs = "/ ext4 rw\n/home/ann/code virtiofs rw"
    assert mounts("/ ext4 rw").says == "nothing of this computer"
    assert mounts(virtiofs, "/home/ann/code").says == "/home/ann/code"
    assert mounts("/ ext4 rw", "/home/ann/code").says == "not mounted: /home/ann/code"
    assert "not asked for when it started: /home/ann/code" in mounts(virtiofs).says


def test_a_mount_has_the_mode_that_was_asked_for() -> None:
    assert "`ro` or `rw`: /code" in mounts("/ ext4 rw\n/code fuse.sshfs ro", "/code").says


def credentials(answer: str | None) -> Finding:
    return credentials_check(Visit(FakeGuest({"credentials": answer}).take), "dev").look()


def test_a_credential_that_appeared_in_a_machine_is_told() -> None:
    assert credentials("asked").ok
    found = credentials("/home/dev/.aws/credentials\n/home/dev/.netrc\nasked")
    assert not found.ok
    assert found.says.endswith("/home/dev/.aws/credentials, /home/dev/.netrc")
    assert not credentials(None).ok


def test_a_share_that_the_guest_mounted_from_elsewhere_is_its_own_affair() -> None:
    assert mounts("/ ext4 rw\n/mnt/nas nfs4 rw").ok


@pytest.mark.parametrize("garbage", [None, "", "\x1b[2J", "yes\nyes\nyes\n", "1 2 3"])
def test_a_guest_that_answers_nonsense_is_a_fault_and_no_crash(garbage: str | None) -> None:
    answers = dict.fromkeys(("clock", "names", "disk", "mounts"), garbage)
    guest = FakeGuest(answers)
    visit = Visit(guest.take)
    checks = (
        clock_check(visit, "blog", guest.set_clock),
        names_check(visit, "blog", lambda _name: True),
        *disk_checks(visit, "blog"),
    )
    results = list(examine([Subject("blog", checks)]))
    assert [result.finding.ok for result in results] == [False] * 4
