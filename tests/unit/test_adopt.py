"""A machine that becomes another project's, and what a kill on the way leaves for the next try."""

from __future__ import annotations

import io
from pathlib import Path
from typing import cast

import pytest

from guard.host_keys import PinStore
from guard.public_key import parse_public_key
from lima.instance import Instance
from nopal.adopt import Adoption, NameTaken
from nopal.driver import Driver
from nopal.machine import Machine
from nopal.machine_errors import NoSuchMachine
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.state import MachineState, Ssh, StateStore

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBu2oL5RbHYrMOBxPLvVDhMhnA4n8rCJ7DiCzd0uqp4X"
SHAPE = {"cpus": "2", "image": "debian-13"}


class Killed(BaseException):
    pass


class Renames:
    """A driver of stopped machines, whose power may fail at a rename."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.fails = ""

    def instance(self, name: str) -> Instance | None:
        return Instance(name=name, dir="", status="Stopped") if name in self.names else None

    def rename(self, name: str, new: str) -> None:
        if self.fails == "before":
            raise Killed
        self.names = self.names - {name} | {new}
        if self.fails == "after":
            raise Killed


class Registry:
    """Two machines' names, and all that nopal knows of them."""

    def __init__(self, folder: Path, driver: Renames) -> None:
        self.driver = driver
        self.states = StateStore(folder / "state")
        self.pins = PinStore(folder / "known_hosts")
        self.reporter = Reporter("x", PlainScreen(io.StringIO()), folder / "log")

    def machine(self, name: str) -> Machine:
        driver = cast("Driver", self.driver)
        return Machine(name, lambda: driver, self.states, self.pins, self.reporter)

    def adopt(self, name: str, heir: str) -> None:
        Adoption(self.machine(name), self.machine(heir), "/repo").make()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path, Renames("old"))
    ssh = Ssh("127.0.0.1", 6022, "dev", "/key")
    registry.states.write(
        MachineState(name="old", spec=SHAPE, ssh=ssh, pinned=True, converged="digest")
    )
    registry.pins.add("old", parse_public_key(KEY, where="a test"))
    return registry


def is_moved(registry: Registry) -> bool:
    wanted = MachineState(name="new", spec=SHAPE, owner="/repo", pinned=True)
    return (
        registry.driver.names == {"new"}
        and registry.states.names() == ("new",)
        and registry.states.read("new") == wanted
        and [len(registry.pins.read(name)) for name in ("old", "new")] == [0, 1]
    )


def test_a_machine_of_a_renamed_project_keeps_its_disk_its_shape_and_its_pinned_key(
    registry: Registry,
) -> None:
    registry.adopt("old", "new")
    assert is_moved(registry)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_adoption_that_was_killed_is_finished_by_the_next(
    registry: Registry, moment: str
) -> None:
    registry.driver.fails = moment
    with pytest.raises(Killed):
        registry.adopt("old", "new")
    registry.driver.fails = ""
    registry.adopt("old", "new")
    assert is_moved(registry)


def test_nobodys_machine_is_taken_and_none_is_made_up(registry: Registry) -> None:
    registry.driver.names.add("new")
    with pytest.raises(NameTaken, match="inv destroy -p new"):
        registry.adopt("old", "new")
    with pytest.raises(NoSuchMachine):
        registry.adopt("third", "new")
    assert registry.states.read("old").converged == "digest"


def test_by_its_own_name_a_machine_gets_its_next_host_key_pinned(registry: Registry) -> None:
    registry.adopt("old", "old")
    assert registry.pins.read("old") == ()
    state = registry.states.read("old")
    assert (state.pinned, state.converged, state.spec) == (False, "", SHAPE)
