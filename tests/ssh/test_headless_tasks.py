"""Headless tasks in a real tmux, with an agent of a few lines and a machine that is a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest

from nopal.task_guest import AT_ONCE as AT_ONCE_THERE
from nopal.task_queue import AT_ONCE, TaskQueue
from nopal.task_records import TaskRecord
from nopal.workplace import Workplace, workplace
from nopal.workspace import Workspace
from profiles.agent import Agent

Found = TypeVar("Found")
SOON_S = 60
AGENT = """#!/bin/sh
case $* in
*wait*) echo started; exec sleep 300 ;;
*fail*) echo 'no such model'; exit 3 ;;
*permit*) echo '{"type":"result","subtype":"success","result":"May?","permission_denials":[{}]}' ;;
*) echo hello > new.txt; echo "{\\"type\\":\\"result\\",\\"result\\":\\"did: $*\\"}" ;;
esac
"""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("tmux", "flock", "pkill"))), reason="no tmux, flock or pkill here"
)


@dataclass
class Machine:
    """A home with a clone, a tmux server and an agent of its own."""

    home: Path

    def run(self, script: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            self.command(script), capture_output=True, text=True, check=False, cwd=self.home
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()

    def command(self, script: str) -> list[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMUX_TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
        }
        pairs = [f"{name}={value}" for name, value in environment.items()]
        return ["env", "-i", *pairs, "bash", "-c", script]


@dataclass
class Standing:
    """As much of `nopal.standing.Standing` as a task needs."""

    machine: Machine

    def place(self, repo: str, branch: str) -> Workplace:
        return workplace("~/code/blog", "~/code/blog", is_named=bool(repo), branch=branch)

    def ready_alone(self, needs: str) -> object:
        return object()

    def ask(self, script: str, address: object = None) -> tuple[int, list[str]]:
        return self.machine.run(script)


@dataclass(frozen=True)
class Queue(TaskQueue):
    """The queue with a machine that is here."""

    machine: Machine
    runs: list[bool] = field(default_factory=lambda: [True])

    def _standing(self, record: TaskRecord) -> Any:
        return Standing(self.machine)

    def _address(self, name: str) -> Any:
        return object() if self.runs[-1] else None

    def _command(self, address: object, script: str) -> list[str]:
        return self.machine.command(script)

    def agent(self, name: str) -> Agent:
        program = Agent(
            program="robot", title="R", headless=("do", "{}"), headless_on=("go-on", "{}")
        )
        object.__setattr__(program, "program", str(self.machine.home / "robot"))
        return program

    def begin(self, prompt: str, timeout_s: int = 100) -> TaskRecord:
        record = self.records.new(
            project="blog",
            agent="robot",
            prompt=prompt,
            repo="",
            branch="",
            timeout_s=timeout_s,
            turns=0,
        )
        return self.start(record)

    def until(self, record: TaskRecord, *states: str) -> TaskRecord:
        return _until(
            lambda: next(one for one in self.look() if one.number == record.number),
            lambda one: one.state in states,
        )


def _until(look: Callable[[], Found], good: Callable[[Found], bool]) -> Found:
    deadline = time.monotonic() + SOON_S
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    home = tmp_path / "g"
    clone = home / "code/blog"
    clone.mkdir(parents=True)
    git = ["git", "-C", str(clone), "-c", "user.name=n", "-c", "user.email=e@x"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    (home / "robot").write_text(AGENT)
    (home / "robot").chmod(0o755)
    told: list[str] = []
    place = SimpleNamespace(home=tmp_path / "nopal")
    workspace = SimpleNamespace(paths=place, screen=SimpleNamespace(line=told.append))
    machine = Machine(home)
    yield Queue(cast("Workspace", workspace), machine)
    machine.run("tmux -L nopal kill-server")


def test_a_task_does_its_work_on_a_branch_of_its_own_and_is_brought_here(queue: Queue) -> None:
    record = queue.begin("make 'it' so")
    found = queue.until(record, "done")
    assert found.said == "did: do make 'it' so"
    place = queue.records.place(record) / "out"
    assert "+hello" in (place / "diff").read_text()
    assert "did: do" in (place / "transcript").read_text()
    tree = queue.machine.home / "code/blog@nopal-task-1"
    assert (tree / "new.txt").exists()
    assert not (queue.machine.home / "code/blog/new.txt").exists()
    _status, lines = queue.machine.run(f"git -C '{tree}' status --short")
    assert lines == ["?? new.txt"]  # its own index is untouched
    assert queue.machine.run("tmux -L nopal has-session -t =task-1")[0] != 0


def test_tasks_end_as_their_agent_says(queue: Queue) -> None:
    failing = queue.begin("fail")
    asking = queue.begin("permit")
    assert queue.until(failing, "failed").said == "no such model"
    assert queue.until(asking, "waiting").said == "May?"


def test_a_task_whose_time_is_over_is_ended(queue: Queue) -> None:
    record = queue.begin("wait", timeout_s=1)
    assert "time was over" in queue.until(record, "failed").said


def test_a_third_task_of_a_machine_waits_for_a_place(queue: Queue) -> None:
    begun = [queue.begin(f"wait {n}") for n in range(3)]

    def running() -> list[TaskRecord]:
        return [one for one in queue.look() if one.state == "running"]

    _until(running, lambda found: len(found) == AT_ONCE_THERE)
    (third,) = (one for one in queue.look() if one.state == "queued")
    first = next(one for one in begun if one.number != third.number)
    queue.cancel(first)
    queue.until(third, "running")
    assert queue.records.read(str(first.number)).state == "cancelled"


def test_the_task_that_waits_longest_is_next(queue: Queue) -> None:
    first = queue.begin("wait 1")
    queue.until(first, "running")
    queue.until(queue.begin("wait 2"), "running")
    second, third = queue.begin("wait 3"), queue.begin("wait 4")
    places = [f"$HOME/.local/state/nopal/tasks/{one.number}/waiting" for one in (second, third)]
    until = "until ! flock -n {0} true 2>/dev/null && [ -e {0} ]; do sleep 0.1; done"
    for place in places:
        assert queue.machine.run(until.format(place))[0] == 0
    queue.cancel(first)
    queue.until(second, "running")
    assert queue.records.read(str(third.number)).state == "queued"


def test_more_tasks_than_the_host_takes_are_held_until_there_is_room(queue: Queue) -> None:
    begun = [queue.begin(f"wait {n}") for n in range(AT_ONCE)]
    held = queue.begin("make it so")
    assert held.state == "held"
    queue.start_held()
    assert queue.records.read(str(held.number)).state == "held"
    for one in begun:
        queue.cancel(one)
    queue.start_held()
    assert queue.until(held, "done").said.startswith("did: do")


def test_what_a_reboot_ended_is_interrupted_and_goes_on_where_it_was(queue: Queue) -> None:
    record = queue.begin("wait for it")
    queue.until(record, "running")
    queue.machine.run("tmux -L nopal kill-server")
    interrupted = queue.until(record, "interrupted")
    robot = queue.machine.home / "robot"
    robot.write_text(AGENT.replace("*wait*", "*nothing*"))
    again = queue.start(interrupted)
    assert "did: go-on You were interrupted" in queue.until(again, "done").said


def test_a_machine_that_does_not_run_has_interrupted_its_tasks(queue: Queue) -> None:
    record = queue.begin("wait")
    queue.runs.append(False)
    (found,) = queue.look()
    assert (found.number, found.state) == (record.number, "interrupted")


def test_what_a_task_changed_so_far_is_shown_while_it_runs(queue: Queue) -> None:
    record = queue.begin("wait")
    queue.until(record, "running")
    tree = queue.machine.home / "code/blog@nopal-task-1"
    (tree / "draft").write_text("so far\n")
    status, lines = queue.diff(record)
    assert (status, "+so far" in lines) == (0, True)


def test_a_machine_that_tells_nonsense_changes_nothing(queue: Queue) -> None:
    record = queue.begin("wait")
    liar = replace(queue, machine=Liar(queue.machine.home))
    (found,) = liar.look()
    assert (found.number, found.state) == (record.number, "queued")


class Liar(Machine):
    """It answers with what was not asked."""

    def run(self, script: str) -> tuple[int, list[str]]:
        return 0, ["task|1|yes|ended 0", "\x1b[2J"]
