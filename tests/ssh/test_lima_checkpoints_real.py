"""Checkpoints of disks that no machine runs on, by the real qemu-img and cp."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import structs

from lima.checkpoints import CopiedCheckpoints, QemuCheckpoints, Snapshot
from lima.disk_files import CopiedDisks
from lima.errors import DiskFailed
from lima.instance import Instance
from lima.limactl import Limactl
from lima.paths import LimaPaths
from lima.process import Completed
from lima.qmp import Qmp

BLOG = Instance(name="blog", dir="", status="Stopped")


def qemu_img(*words: str) -> str:
    return subprocess.run(["qemu-img", *words], check=True, capture_output=True, text=True).stdout


def write(disk: Path, text: str) -> None:
    subprocess.run(
        ["qemu-io", "-c", f"write -P {ord(text)} 0 64k", str(disk)], check=True, capture_output=True
    )


def holds(disk: Path, text: str) -> bool:
    done = subprocess.run(
        ["qemu-io", "-c", f"read -P {ord(text)} 0 64k", str(disk)],
        check=True,
        capture_output=True,
        text=True,
    )
    return "verification failed" not in done.stdout


@pytest.fixture
def paths(tmp_path: Path) -> LimaPaths:
    for name in ("blog", "way"):
        (tmp_path / name).mkdir()
    return LimaPaths(tmp_path, tmp_path, tmp_path)


@pytest.fixture
def qemu(paths: LimaPaths) -> QemuCheckpoints:
    """A stopped machine whose disk stands on another one, as from a golden."""
    if not (shutil.which("qemu-img") and shutil.which("qemu-io")):
        pytest.skip("there is no qemu-img on this host: run `inv setup`")
    folder = paths.instance("blog")
    qemu_img("create", "-q", "-f", "qcow2", str(folder / "golden.qcow2"), "16M")
    backing = ("-F", "qcow2", "-b", "golden.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", *backing, str(folder / "disk"))

    def run(arguments: Sequence[str], **_: object) -> Completed:
        verb, tag = arguments[1], arguments[-1]
        flag = {"create": "-c", "apply": "-a", "delete": "-d"}[verb]
        qemu_img("snapshot", flag, tag, str(folder / "disk"))
        return Completed(0, "")

    return QemuCheckpoints(Limactl(run), paths)


def test_a_disk_goes_back_to_what_it_was(qemu: QemuCheckpoints, paths: LimaPaths) -> None:
    disk = paths.instance("blog") / "disk"
    write(disk, "a")
    qemu.create(BLOG, "1")
    write(disk, "b")
    qemu.create(BLOG, "later")
    assert [one.name for one in qemu.list("blog")] == ["1", "later"]
    assert disk.stat().st_mode & 0o777 == 0o600
    qemu.apply(BLOG, "1")
    assert holds(disk, "a")
    qemu.delete(BLOG, "1")
    assert [one.name for one in qemu.list("blog")] == ["later"]


def test_a_running_machines_disk_is_kept_without_its_memory(
    qemu: QemuCheckpoints, paths: LimaPaths
) -> None:
    if not (program := shutil.which("qemu-system-x86_64")):
        pytest.skip("no qemu-system-x86_64 on this host")
    folder = paths.instance("blog")
    write(folder / "disk", "a")
    quiet = ("-machine", "none", "-nodefaults", "-display", "none", "-S")
    drive = ("-drive", f"file={folder / 'disk'},if=none,id=virtio0")
    monitor = ("-qmp", f"unix:{folder / 'qmp.sock'},server=on,wait=off")
    process = subprocess.Popen([program, *quiet, *drive, *monitor])
    try:
        while not (folder / "qmp.sock").exists():
            time.sleep(0.05)
        qemu.create(structs.replace(BLOG, status="Running"), "1", with_memory=False)
        with Qmp(folder / "qmp.sock") as qmp:
            qmp.quit()
    finally:
        process.wait(timeout=60)
    (found,) = qemu.list("blog")
    assert (found.name, found.memory_bytes) == ("1", 0)
    write(folder / "disk", "b")
    qemu.apply(BLOG, "1")
    assert holds(folder / "disk", "a")


def test_snapshots_of_somebody_else_are_none_of_ours(
    qemu: QemuCheckpoints, paths: LimaPaths
) -> None:
    qemu_img("snapshot", "-c", "mine", str(paths.instance("blog") / "disk"))
    assert qemu.list("blog") == ()


def test_a_copy_is_of_that_moment_and_shares_what_both_stand_on(
    qemu: QemuCheckpoints, paths: LimaPaths
) -> None:
    disk, copy = paths.instance("blog") / "disk", paths.instance("way") / "disk"
    write(disk, "a")
    qemu.create(BLOG, "1")
    write(disk, "b")
    for _ in range(2):  # as after a killed one
        qemu.copy_disk("blog", "1", "way")
    assert holds(copy, "a")
    assert holds(disk, "b")
    shared = paths.instance("way") / "golden.qcow2"
    assert shared.samefile(paths.instance("blog") / "golden.qcow2")
    assert "golden.qcow2" in qemu_img("info", str(copy))
    assert "1" not in [one.name for one in qemu.list("way")]


@pytest.mark.parametrize("is_near", [True, False], ids=["in its folder", "elsewhere"])
def test_what_a_disk_stands_on_is_shared_where_it_lies_beside_it(
    qemu: QemuCheckpoints, paths: LimaPaths, is_near: bool
) -> None:
    folder, other = paths.instance("blog"), paths.instance("way")
    write(folder / "disk", "c")
    (folder / "disk").rename(folder / "middle.qcow2")
    below = "middle.qcow2" if is_near else str(folder / "middle.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", below, str(folder / "disk"))
    qemu.create(BLOG, "1")
    qemu.copy_disk("blog", "1", "way")
    beside = {"golden.qcow2", "middle.qcow2"} if is_near else set()
    assert {path.name for path in other.iterdir()} == {"disk"} | beside
    assert holds(other / "disk", "c")


def test_a_disk_that_is_not_there_is_named(qemu: QemuCheckpoints) -> None:
    with pytest.raises(DiskFailed, match="way/disk"):
        qemu.list("way")


def test_copies_of_a_disk_are_kept_brought_back_and_given_to_another(paths: LimaPaths) -> None:
    copied = CopiedCheckpoints(paths, CopiedDisks())
    disk = paths.instance("blog") / "disk"
    assert copied.list("blog") == ()
    disk.write_text("a")
    copied.create(BLOG, "one")
    disk.write_text("b")
    (found,) = copied.list("blog")
    assert found == Snapshot("one", found.made)
    kept = disk.parent / "checkpoints/one.disk"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    copied.copy_disk("blog", "one", "way")
    assert (paths.instance("way") / "disk").read_text() == "a"
    copied.apply(BLOG, "one")
    assert disk.read_text() == "a"
    copied.delete(BLOG, "one")
    assert copied.list("blog") == ()
