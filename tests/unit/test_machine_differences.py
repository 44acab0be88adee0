"""What a machine is told to have and has not: said, and never passed over."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from guard.host_keys import PinStore
from lima.errors import LimactlFailed
from lima.images import catalogue
from lima.instance import Instance
from lima.spec import MachineSpec
from nopal.driver import Driver
from nopal.machine import Machine
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.state import MachineState, StateStore
from nopal.wish import Wish

SPEC = MachineSpec(
    name="blog", image=catalogue("debian-13", "x86_64"), vm_type="qemu", machine="x86_64", cpus=2
)


class Running:
    """A driver with one machine that runs and does not answer; its list can fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.calls: list[str] = []

    def instance(self, name: str) -> Instance | None:
        if self.fails:
            raise LimactlFailed("list --json", 1, "no such disk")
        return Instance(name=name, dir="", status="Running")

    def wake(self, name: str) -> None:
        pass

    def start(self, name: str, on_line: object, *, keeps_git: object) -> None:
        raise LimactlFailed("start", 1, "enough for this test")

    def delete(self, name: str) -> None:
        self.calls.append("delete")


def machine(folder: Path, driver: Running, told: io.StringIO) -> Machine:
    reporter = Reporter("blog", PlainScreen(told), folder / "log")
    states = StateStore(folder / "state")
    states.write(MachineState(name="blog", spec=Wish(SPEC, ()).shape()))
    pins = PinStore(folder / "known_hosts")
    return Machine("blog", lambda: cast("Driver", driver), states, pins, reporter)


def test_a_change_that_a_running_machine_cannot_have_is_said_with_what_brings_it(
    tmp_path: Path,
) -> None:
    told = io.StringIO()
    blog = machine(tmp_path, Running(), told)
    with blog.reporter, pytest.raises(LimactlFailed):
        blog.up(Wish(replace(SPEC, cpus=4), ()))
    assert "blog: cpus is 2 and not 4 until: inv up --restart -p blog" in told.getvalue()


@pytest.mark.parametrize("verb", ["up", "destroy"])
def test_a_list_that_fails_ends_the_verb_and_forgets_nothing(tmp_path: Path, verb: str) -> None:
    driver = Running(fails=True)
    blog = machine(tmp_path, driver, io.StringIO())
    with blog.reporter, pytest.raises(LimactlFailed):
        blog.up(Wish(SPEC, ())) if verb == "up" else blog.destroy()
    assert driver.calls == []
    assert blog.states.names() == ("blog",)
