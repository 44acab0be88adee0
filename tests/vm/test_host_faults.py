"""What befalls this computer, provoked for real under limactl; no machine is started."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lima.driver import LimaDriver
from lima.errors import ImageUnavailable, LimactlMissing, LimaError
from lima.setup.lima import find_limactl
from lima.spec import MachineSpec

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("no mounts are allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def home_of(driver: LimaDriver) -> Path:
    """Make LIMA_HOME by creating and deleting, as Lima wants it."""
    driver.paths.home.mkdir(mode=0o700, exist_ok=True)
    owner = driver.paths.home.parent.stat()
    os.chown(driver.paths.home, owner.st_uid, owner.st_gid)
    return driver.paths.home


@only_root
def test_a_full_disk_is_told_with_what_frees_some_and_the_next_try_finishes(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    home = home_of(driver)
    owner = f"uid={home.stat().st_uid},mode=700,size=100k"
    with mounted(home, "-t", "tmpfs", "-o", owner, "none"):
        with pytest.raises(LimaError, match=r"(?i)no space left on device") as full:
            driver.create(spec)
        assert str(full.value).splitlines()[-1] == (
            "The disk of this computer is full: `inv df` shows what takes space, `inv prune` frees"
            " some; then run the same command again."
        )
        subprocess.run(["mount", "-o", f"remount,{owner[:-5]}=50m", str(home)], check=True)
        driver.create(spec)
        (there,) = driver.list()
        assert there.status == "Stopped"


@only_root
def test_a_home_that_cannot_be_written_is_told_with_what_mends_it(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    home = home_of(driver)
    with mounted(home, "-t", "tmpfs", "-o", f"ro,uid={home.stat().st_uid},mode=700", "none"):
        with pytest.raises(LimaError, match="read-only file system") as closed:
            driver.create(spec)
        assert str(closed.value).splitlines()[-1] == (
            "Make that place writable again (its mount, owner or mode), then run the same command"
            " again."
        )


def test_an_image_of_another_digest_is_refused_and_the_right_one_taken(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    wrong = replace(spec, image=replace(spec.image, digest=f"sha256:{'0' * 64}"))
    with pytest.raises(LimaError) as refused:
        driver.create(wrong)
    assert str(refused.value).splitlines()[-1] == (
        "The image is another one than its digest says: correct `image`, or remove the file and"
        " get it again."
    )
    driver.create(spec)
    assert [there.status for there in driver.list()] == ["Stopped"]


def test_an_image_that_is_gone_is_named_and_a_machine_needs_it_no_more(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    driver.create(spec)
    Path(spec.image.location).unlink()
    driver.create(spec)
    with pytest.raises(LimaError, match=r"no such file|cannot be had"):
        driver.create(replace(spec, name="other"))


def test_numbers_of_other_processes_are_forgotten_and_those_live_on(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    driver.create(spec)
    folder = driver.paths.instance(spec.name)
    with subprocess.Popen(["sleep", "600"]) as other:
        try:
            for name in ("ha.pid", "qemu.pid"):
                (folder / name).write_text(f"{other.pid}\n")
                (folder / name).chmod(0o644)
            (folder / "ha.sock").touch()
            assert driver.list()[0].status != "Stopped", "this is how Lima sees it"
            found = driver.instance(spec.name)
            assert found is not None
            assert found.status == "Stopped"
            driver.stop(spec.name)
            driver.delete(spec.name)
            assert other.poll() is None
        finally:
            other.kill()
    assert driver.list() == ()


@pytest.mark.parametrize("name", ["ha.pid", "qemu.pid"])
def test_a_damaged_file_of_a_number_is_no_broken_machine(
    driver: LimaDriver, spec: MachineSpec, name: str
) -> None:
    driver.create(spec)
    (driver.paths.instance(spec.name) / name).write_text("\0\0garbage")
    assert driver.list()[0].is_broken, "this is how Lima sees it"
    found = driver.instance(spec.name)
    assert found is not None
    assert found.status == "Stopped"


def test_a_limactl_that_vanished_or_is_too_old_is_told_with_what_gets_one(
    driver: LimaDriver, tmp_path: Path
) -> None:
    paths = replace(driver.paths, tools=tmp_path)
    with pytest.raises(LimactlMissing, match="There is no limactl"):
        find_limactl(paths, driver.host, {"PATH": str(tmp_path)})
    prefix = Path(driver.paths.home.parent, "old")
    (prefix / "bin").mkdir(parents=True)
    (prefix / "share/lima").mkdir(parents=True)
    (prefix / f"share/lima/lima-guestagent.Linux-{driver.host.machine}").touch()
    old = prefix / "bin" / "limactl"
    old.write_text("#!/bin/sh\necho limactl version 1.2.1\n")
    old.chmod(0o755)
    with pytest.raises(LimactlMissing, match=r"too old \(limactl version 1.2.1\)"):
        find_limactl(paths, driver.host, {"PATH": str(old.parent)})


def test_an_image_of_the_person_that_is_gone_is_a_fault_of_the_project(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    from lima.setup.image import ensure_image  # noqa: PLC0415

    gone = replace(spec.image, location="/nowhere/disk.qcow2")
    with pytest.raises(ImageUnavailable, match="there is no such file"):
        ensure_image(gone, driver.paths, driver.host, {})
