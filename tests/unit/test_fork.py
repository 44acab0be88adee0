from __future__ import annotations

import io
from pathlib import Path
from typing import cast

import pytest
from project_builder import Desk

from guard.host_keys import PinStore
from lima.instance import Instance
from nopal.driver import Driver
from nopal.errors import UnknownProject
from nopal.half_forks import HalfForks, half_forks
from nopal.machine import Machine
from nopal.new_identity import read_keys
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.show_config import rows
from nopal.state import MachineState, StateStore

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPJXxNH6xl/wcK4M76jJ52zMEvx86COsoMUYnvNQYcwq"


class Machines:
    """A driver that knows only which machines there are."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def instance(self, name: str) -> Instance | None:
        return Instance(name=name, dir="") if name in self.names else None

    def delete(self, name: str) -> None:
        self.names.remove(name)


def machine(folder: Path, driver: Machines) -> Machine:
    reporter = Reporter("way", PlainScreen(io.StringIO()), folder / "log")
    states, pins = StateStore(folder / "state"), PinStore(folder / "known_hosts")
    return Machine("way", lambda: cast("Driver", driver), states, pins, reporter)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_fork_has_the_settings_of_its_project_under_its_own_name(desk: Desk) -> None:
    desk.write_person("[projects.blog]\ncpus = 3\n")
    fork = desk.load("way", fork_of=lambda name: "blog" if name == "way" else "")
    assert (fork.name, fork.cpus, fork.fork_of) == ("way", 3, "blog")
    assert rows(fork)[0].origin == "a fork of blog"


def test_a_fork_of_a_repos_machine_has_what_the_repo_says(desk: Desk) -> None:
    desk.write_repo('name = "blog"\ncpus = 3\n')
    fork = desk.load(
        "way", cwd=desk.root, owner_of=lambda _: desk.repo, fork_of=lambda _name: "blog"
    )
    assert (fork.name, fork.cpus, fork.repo_root) == ("way", 3, desk.repo)


def test_a_table_of_its_own_takes_the_place_of_the_other_projects(desk: Desk) -> None:
    desk.write_person("[projects.blog]\ncpus = 3\n[projects.way]\ncpus = 5\n")
    fork = desk.load("way", fork_of=lambda _: "blog")
    assert (fork.cpus, fork.fork_of) == (5, "")


def test_a_fork_whose_project_is_gone_is_told_which_one(desk: Desk) -> None:
    with pytest.raises(UnknownProject, match="no project `blog`"):
        desk.load("way", fork_of=lambda _: "blog")


def test_half_a_fork_is_cleared_away(tmp_path: Path) -> None:
    driver = Machines("way")
    way = machine(tmp_path, driver)
    half = HalfForks(tmp_path / "forks")
    with half.marked(way):
        assert half.names() == ("way",)
    assert half.names() == ()
    assert driver.names == set()
    assert not half.clear(way)


def test_one_that_got_its_state_is_whole_though_its_mark_was_left(tmp_path: Path) -> None:
    driver = Machines("way")
    way = machine(tmp_path, driver)
    half = half_forks(way.states)
    with half.marked(way):
        driver.names.add("way")  # where there was one, it would have been cleared
        way.states.write(MachineState(name="way", fork_of="blog"))
    assert driver.names == {"way"}
    assert way.states.names() == ("way",)


def test_new_host_keys_are_read_when_the_guest_got_to_the_end() -> None:
    (key,) = read_keys(["Unit restarted", f"key {KEY}", "made"], "way")
    assert key.line.startswith(KEY)


@pytest.mark.parametrize(
    "lines",
    [[f"key {KEY}"], ["key ssh-ed25519 AAAA", "made"], ["made"], ["key", "made"]],
    ids=["cut short", "no key", "none", "empty"],
)
def test_an_answer_that_is_not_whole_gives_no_key(lines: list[str]) -> None:
    assert read_keys(lines, "way") == ()
