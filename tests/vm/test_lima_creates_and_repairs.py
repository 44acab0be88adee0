"""Real instances that are never started: what limactl itself makes of a driver's wishes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lima.driver import LimaDriver
from lima.errors import LimactlFailed
from lima.safety import differences
from lima.spec import MachineSpec, PortForward


def test_a_created_machine_is_as_its_spec_asks_and_goes_without_a_trace(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    spec = replace(spec, ports=(PortForward(3000, 13000),), ca_files=(Path("/etc/hostname"),))
    driver.create(spec)
    (instance,) = driver.list()
    assert (instance.name, instance.status) == ("blog", "Stopped")
    assert list(differences(instance, spec)) == []
    driver.create(spec)
    driver.delete("blog")
    assert driver.list() == ()
    assert [path.name for path in driver.paths.home.iterdir()] == ["_config"]


def test_a_creation_that_was_killed_half_way_is_repaired(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    driver.create(spec)
    folder = driver.paths.instance("blog")
    (folder / "disk").rename(folder / "image")
    os.truncate(folder / "image", 4096)
    driver.create(spec)
    instance = driver.instance("blog")
    assert instance is not None
    assert driver.is_whole(instance)
    assert (folder / "disk").stat().st_size > 4096


def test_a_folder_without_a_template_is_broken_and_repaired_when_empty(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    driver.create(spec)
    driver.delete("blog")
    driver.paths.instance("blog").mkdir()
    (instance,) = driver.list()
    assert instance.is_broken
    driver.create(spec)
    assert driver.list()[0].status == "Stopped"


def test_a_changed_template_shows_in_the_machine(driver: LimaDriver, spec: MachineSpec) -> None:
    driver.create(spec)
    changed = replace(spec, cpus=1, ports="auto", timezone="Europe/Paris")
    assert driver.update(changed)
    (instance,) = driver.list()
    assert instance.cpus == 1
    assert list(differences(instance, changed)) == []
    assert list(differences(instance, spec)) != []


def test_a_global_override_of_lima_is_noticed(driver: LimaDriver, spec: MachineSpec) -> None:
    driver.create(spec)
    override = driver.paths.home / "_config" / "override.yaml"
    override.write_text("mounts:\n- {location: /home, mountPoint: /mnt/x}\n", encoding="utf-8")
    (instance,) = driver.list()
    assert any("mounts /home" in text for text in differences(instance, spec))


def test_a_lima_home_on_a_disk_that_is_not_mounted_is_an_error_and_not_empty(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    driver.create(spec)
    driver.paths.home.rename(driver.paths.home.with_name("away"))
    driver.paths.home.symlink_to("/not/mounted")
    with pytest.raises(LimactlFailed):
        driver.list()


def test_a_machine_that_lima_cannot_read_is_never_remade(
    driver: LimaDriver, spec: MachineSpec
) -> None:
    driver.create(spec)
    disk = driver.paths.instance("blog") / "disk"
    before = disk.stat().st_ino
    (disk.parent / "lima.yaml").write_text("images: {}\n", encoding="utf-8")
    (instance,) = driver.list()
    assert instance.is_broken
    driver.create(spec)
    assert disk.stat().st_ino == before


def test_looking_for_machines_makes_nothing(driver: LimaDriver) -> None:
    assert driver.list() == ()
    assert not driver.paths.home.exists()
