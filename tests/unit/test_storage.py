from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from lima.checkpoints import Snapshot
from lima.goldens import Golden, GoldenStore
from lima.image_build import Recipe
from lima.instance import Instance
from nopal.half_forks import HalfForks
from nopal.prune import Pruner
from nopal.sizes import in_words
from nopal.storage import as_text, items, used_bytes

if TYPE_CHECKING:
    from nopal.driver import Driver
    from nopal.machine import Machine

KEPT = Golden(
    key="aa00", base="i", parts={"base": "1"}, steps=1, image="x", disk_gib=9, made="2026-01-31"
)
OLD = msgspec.structs.replace(KEPT, key="bb11", parts={"base": "0", "node": "2"})
BAKING = "nopal-bake-cc22"


class FileDisks:
    def flatten(self, disk: Path, to: Path) -> None:
        to.write_bytes(disk.read_bytes())

    def begin(self, source: Path, machine: Path, name: str, size: int) -> None:
        (machine / name).hardlink_to(source)


class Kept:
    def list(self, _name: str) -> tuple[Snapshot, ...]:
        return (Snapshot("a", 1, 2 * 1024**2), Snapshot("b", 2, 1024**2))


@dataclass
class Host:
    """A driver with one machine, and one in which a golden was being made."""

    goldens: GoldenStore
    names: list[str] = field(default_factory=lambda: ["blog", BAKING])

    def list(self) -> tuple[Instance, ...]:
        return tuple(Instance(name=name, dir=f"/l/{name}") for name in self.names)

    @property
    def checkpoints(self) -> Kept:
        return Kept()

    def disk_in_use(self, _instance: Instance) -> int:
        return 4096


@dataclass
class Ending:
    """A machine that can only be destroyed."""

    name: str
    host: Host

    def destroy(self) -> None:
        self.host.names.remove(self.name)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    machine = tmp_path / "machine"
    machine.mkdir()
    (machine / "disk").write_bytes(b"x" * 8192)
    store = GoldenStore(tmp_path / "goldens", FileDisks())
    store.keep(KEPT, machine)
    store.keep(OLD, machine)
    return Host(store)


def pruner(host: Host, *, dry_run: bool = False) -> Pruner:
    def machine(name: str) -> Machine:
        return cast("Machine", Ending(name, host))

    forks = HalfForks(host.goldens.folder.parent / "forks")
    return Pruner(cast("Driver", host), machine, forks, dry_run=dry_run)


def test_df_says_what_each_takes_and_what_prune_would_give_back(host: Host, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/debian").write_bytes(b"x" * 4096)
    (tmp_path / "images/.debian.lock").touch()
    table = items(cast("Driver", host), [KEPT.key], tmp_path / "images", tmp_path / "logs")
    freed = {item.name: (item.kind, item.freed_bytes) for item in table}
    assert freed == {
        "blog": ("machine", 0),
        BAKING: ("leftover", 4096),
        "aa00": ("golden", 0),
        "bb11": ("golden", 8192),
        "debian": ("image", 0),
        "logs": ("log", 0),
    }
    assert as_text(table).splitlines()[-1].split()[-2:] == ["12.0", "KiB"]


def test_df_says_which_machines_have_checkpoints(host: Host, tmp_path: Path) -> None:
    place = tmp_path / "none"
    table = items(cast("Driver", host), [], place, place, kept=["blog"])
    (blog,) = [item for item in table if item.name == "blog"]
    assert blog.remark == "2 checkpoints, 3.0 MiB of memory"


def test_a_golden_under_a_machine_frees_nothing(host: Host, tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    host.goldens.begin(OLD, machine, 9)
    table = items(cast("Driver", host), [], tmp_path / "images", tmp_path / "logs")
    (old,) = [item for item in table if item.name == "bb11"]
    assert old.freed_bytes == 0
    assert "under 1 machine" in old.remark


def test_prune_takes_what_nobody_begins_from_and_what_was_left_half_made(host: Host) -> None:
    (host.goldens.folder / ".new-dd33-x1").mkdir()
    gone = pruner(host).prune([KEPT.key])
    assert len(gone) == 3
    assert host.names == ["blog"]
    assert host.goldens.all() == (KEPT,)
    assert host.goldens.leftovers() == ()
    assert pruner(host).prune([KEPT.key]) == ()


def test_a_dry_run_only_says_what_would_go(host: Host) -> None:
    said = pruner(host, dry_run=True).prune([])
    assert len(said) == 3
    assert host.names == ["blog", BAKING]
    assert host.goldens.all() == (KEPT, OLD)


def test_images_of_an_earlier_recipe_go_and_the_present_one_and_others_stay(
    host: Host, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    present = Recipe("x86_64").folder
    for name in (present, "debian-13-x86_64-0ld", "mine"):
        (images / name).mkdir(parents=True)
        (images / name / "disk.qcow2").write_bytes(b"x" * 4096)
    table = items(cast("Driver", host), [], images, tmp_path / "logs")
    freed = {item.name for item in table if item.kind == "image" and item.freed_bytes}
    assert freed == {"debian-13-x86_64-0ld"}
    wanted = [KEPT.key, OLD.key]
    (_bake, told) = replace(pruner(host, dry_run=True), images=images).prune(wanted)
    assert told.startswith("debian-13-x86_64-0ld, ")
    assert replace(pruner(host), images=images).prune(wanted)[1] == told
    assert {path.name for path in images.iterdir()} == {present, "mine"}


def test_what_a_folder_takes_is_counted_in_blocks(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 20)
    (tmp_path / "link").symlink_to("/usr")
    assert used_bytes(tmp_path) < 1 << 20
    assert used_bytes(tmp_path / "missing") == 0


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 29, "2.5 GiB"), (3 << 40, "3.0 TiB")],
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert in_words(count) == words
