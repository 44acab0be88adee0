"""What is said of a fault, and of a difference: pure, from words and numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from lima.advice import advice
from lima.errors import DiskFailed, HostDiskFull, LimactlFailed, LimactlMissing, StartFailed
from nopal.differences import differences, kept, needs_boot
from nopal.guest_clock import ClockWatch, off_by, set_script, words
from nopal.guest_faults import NAMES, ROUTE, faults
from nopal.guest_look import CLOCK, DISK, MOUNTS
from nopal.machine_errors import LetsNobodyIn
from provision.facts import Facts

SHAPE = {"cpus": "2", "memory": "4GiB", "disk": "20GiB", "image": "debian-13", "ports": "none"}
WELL = {
    CLOCK.about: "1000.5",
    DISK.about: "4096 5000000 4000000 1000000 900000",
    MOUNTS.about: "/ ext4 rw,relatime",
    ROUTE.about: "default via 192.168.5.2 dev eth0",
    NAMES.about: "192.168.5.2 host.lima.internal\nfound",
}


def differing(**changes: str) -> list[str]:
    return list(differences("blog", SHAPE, {**SHAPE, **changes}))


def test_what_a_boot_brings_is_said_with_the_flag_that_boots() -> None:
    assert differing() == []
    assert differing(cpus="4", disk="30GiB") == [
        "cpus is 2 and not 4 until: inv up --restart -p blog",
        "disk is 20GiB and not 30GiB until: inv up --restart -p blog",
    ]
    assert needs_boot(SHAPE, {**SHAPE, "memory": "8GiB"})


def test_a_disk_is_never_told_to_shrink_and_an_image_never_to_change_by_a_boot() -> None:
    assert differing(disk="10GiB") == ["disk is 20GiB and cannot shrink to 10GiB: set it to 20GiB"]
    (image,) = differing(image="ubuntu-24.04")
    assert image == (
        "image is debian-13; only a new machine can have ubuntu-24.04, and this one's disk would"
        " go: inv destroy -p blog, inv up -p blog"
    )
    for change in ({"disk": "10GiB"}, {"image": "ubuntu-24.04"}, {}):
        assert not needs_boot(SHAPE, {**SHAPE, **change})
    assert kept(SHAPE, {**SHAPE, "disk": "10GiB"}) == {"disk": "20GiB", "image": "debian-13"}
    assert kept(SHAPE, {**SHAPE, "disk": "30GiB"}) == {"image": "debian-13"}


def test_a_machine_of_which_no_shape_is_known_differs_in_nothing() -> None:
    assert list(differences("blog", {}, SHAPE)) == []
    assert not needs_boot({}, SHAPE)


def test_a_clock_is_wrong_only_where_it_showed_what_no_moment_between_was() -> None:
    assert off_by(1000.0, 999.0, 1001.0) == 0
    assert off_by(997.0, 999.0, 1020.0) == 0, "the question took long"
    assert off_by(1100.0, 999.0, 1000.0) == 100
    assert off_by(899.0, 999.0, 1000.0) == -100
    assert words(-7200.0) == "120 min 0 s behind"
    assert set_script(12.5) == "sudo -n date --utc --set=@12.500 >/dev/null"


def test_a_watch_mends_before_anything_is_changed_and_takes_nonsense_for_no_answer() -> None:
    mended: list[float] = []
    watch = ClockWatch(mended.append, now=lambda: 1000.0)
    premise = watch.premise()
    facts = Facts("debian", "trixie", "13", "x86_64", "6.12", "dev", "/home/dev")
    assert premise.holds(facts, {"clock": "999999999999999\n; rm -rf /"})
    assert premise.holds(facts, {"clock": None})
    assert mended == []
    assert premise.holds(facts, {"clock": "400.25"})
    assert mended == [-599.75]


def test_a_guest_that_is_well_has_no_fault() -> None:
    assert list(faults("blog", WELL, 1000, 1001)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {MOUNTS.about: "/ ext4 ro,relatime"},
            "`/` of the machine blog is read-only, as after an error of its disk; a boot checks and"
            " mends it: inv restart -p blog",
        ),
        (
            {DISK.about: "4096 5000000 10 1000000 900000"},
            "the disk of the machine blog is full: remove something in it, or raise `disk` of the"
            " project, then: inv up --restart -p blog",
        ),
        (
            {ROUTE.about: ""},
            "the machine blog has no network (no route out of it): inv restart -p blog",
        ),
        (
            {NAMES.about: "none"},
            "the machine blog finds no host by its name (DNS): inv restart -p blog",
        ),
        (
            {CLOCK.about: "400.5"},
            "the clock of the machine blog is 10 min 0 s behind: inv up -p blog sets it",
        ),
    ],
    ids=["read-only", "full", "no route", "no names", "clock"],
)
def test_each_fault_of_a_guest_is_one_sentence_with_its_fix(
    change: dict[str, str], said: str
) -> None:
    assert list(faults("blog", WELL | change, 1000, 1001)) == [said]


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("write /x/disk: no space left on device", "`inv prune` frees some"),
        ("qemu-img: Could not write: No space left on device", "`inv prune` frees some"),
        ("mkdir /x: read-only file system", "Make that place writable again"),
        ("open /x/lima.yaml: permission denied", "Make that place writable again"),
        ("expected digest of ...: sha256:a, got sha256:b", "another one than its digest says"),
        ("listen tcp 127.0.0.1:80: bind: address already in use", "`inv ports` shows which"),
    ],
)
def test_the_words_of_a_program_lead_to_what_mends_them(said: str, fix: str) -> None:
    log = Path("/x/ha.stderr.log")
    for error in (LimactlFailed("start blog", 1, said), DiskFailed("qemu-img", said)):
        assert fix in str(error).splitlines()[-1]
    assert fix in str(StartFailed("blog", said, log))


def test_words_that_mean_nothing_special_get_no_advice() -> None:
    assert advice("something else") == ""
    assert str(LimactlFailed("list", 1, "something else")) == (
        "`limactl list` failed (1): something else"
    )


def test_errors_of_a_machine_say_what_mends_them() -> None:
    assert "`inv prune`" in str(HostDiskFull("blog", Path("/x")))
    assert str(LetsNobodyIn("blog", "refused")).endswith("inv restart -p blog")
    assert "too old (limactl version 1.0.3)" in str(LimactlMissing("limactl version 1.0.3"))
