from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from lima.errors import DiskFailed
from lima.goldens import Golden, GoldenStore

BASE = Golden(
    key="aa00", base="i", parts={"base": "1"}, steps=10, image="x", disk_gib=16, made="2026-01-31"
)
NODE = msgspec.structs.replace(BASE, key="bb11", parts={"base": "1", "node": "2"}, steps=14)


@dataclass
class FileDisks:
    """Disks that are plain files."""

    fails: bool = False

    def flatten(self, disk: Path, to: Path) -> None:
        to.write_bytes(disk.read_bytes())
        if self.fails:
            raise DiskFailed("copy", "no space left")

    def begin(self, source: Path, machine: Path, name: str, size: int) -> None:
        (machine / name).hardlink_to(source)
        (machine / "disk").write_text(f"{name}: {size}")


@pytest.fixture
def store(tmp_path: Path) -> GoldenStore:
    return GoldenStore(tmp_path / "goldens", FileDisks())


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    folder = tmp_path / "machine"
    folder.mkdir()
    (folder / "disk").write_text("converged")
    return folder


def test_what_was_kept_is_found_again_and_nobody_may_write_to_it(
    store: GoldenStore, machine: Path
) -> None:
    store.keep(BASE, machine)
    assert store.all() == (BASE,)
    assert store.exact(BASE) == BASE
    disk = store.folder / "aa00/disk"
    assert disk.read_text() == "converged"
    assert disk.stat().st_mode & 0o777 == 0o444


def test_a_cache_that_is_not_there_yet_holds_nothing(store: GoldenStore) -> None:
    assert store.all() == ()
    assert store.exact(BASE) is None


def test_the_nearest_is_the_one_that_leaves_least_to_do(store: GoldenStore, machine: Path) -> None:
    store.keep(BASE, machine)
    store.keep(NODE, machine)
    more = msgspec.structs.replace(NODE, key="cc22", parts=NODE.parts | {"go": "3"}, steps=20)
    assert store.nearest(more) == NODE
    assert store.exact(more) is None


@pytest.mark.parametrize(
    "wanted",
    [
        {"base": "another image"},
        {"parts": {"base": "changed", "node": "2"}},
        {"parts": {"base": "1"}},
        {"disk_gib": 8},
    ],
)
def test_a_golden_that_holds_other_or_more_things_does_not_help(
    wanted: dict[str, object], store: GoldenStore, machine: Path
) -> None:
    store.keep(NODE, machine)
    assert store.nearest(msgspec.structs.replace(NODE, key="cc22", **wanted)) is None


def test_a_larger_machine_begins_from_a_smaller_golden(store: GoldenStore, machine: Path) -> None:
    store.keep(BASE, machine)
    store.begin(BASE, machine, 20)
    assert (machine / "disk").read_text() == f"golden-aa00: {20 * 1024**3}"


def test_a_machine_keeps_the_disk_of_a_golden_that_is_removed(
    store: GoldenStore, machine: Path
) -> None:
    store.keep(BASE, machine)
    store.begin(BASE, machine, 16)
    assert store.machines_using(BASE) == 1
    assert store.remove(BASE.key)
    assert store.all() == ()
    assert (machine / "golden-aa00").read_text() == "converged"
    assert not store.remove(BASE.key)
    assert store.leftovers() == ()


def test_a_copy_that_fails_leaves_nothing_and_the_older_golden(
    store: GoldenStore, machine: Path
) -> None:
    store.keep(BASE, machine)
    failing = replace(store, disks=FileDisks(fails=True))
    with pytest.raises(DiskFailed):
        failing.keep(BASE, machine)
    assert store.all() == (BASE,)
    assert store.leftovers() == ()


def test_a_golden_that_cannot_be_read_is_no_golden(store: GoldenStore, machine: Path) -> None:
    store.keep(BASE, machine)
    about = store.folder / "aa00/golden.json"
    for text in ("{", '{"key": "aa00"}', about.read_text().replace("aa00", "ff00")):
        about.write_text(text)
        assert store.all() == ()


def test_a_disk_that_is_a_link_is_not_kept(store: GoldenStore, machine: Path) -> None:
    @dataclass
    class LinkingDisks(FileDisks):
        def flatten(self, disk: Path, to: Path) -> None:
            to.symlink_to(disk)

    with pytest.raises(OSError, match="symbolic links"):
        replace(store, disks=LinkingDisks()).keep(BASE, machine)
    assert not any(store.folder.iterdir())


def test_a_golden_tells_when_a_machine_last_began_from_it(
    store: GoldenStore, machine: Path
) -> None:
    store.keep(BASE, machine)
    os.utime(store.folder / "aa00/golden.json", (1000, 1000))
    assert store.last_used(BASE) == 1000
    store.begin(BASE, machine, 16)
    assert store.last_used(BASE) > 1000
