"""One machine that is kept, brought back, and forked while it runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from person import CHECKOUT, INV, Person

from nopal.paths import Paths

pytestmark = pytest.mark.timeout(3600)

NAME, FORK = "kept", "way"
PROJECT = f"""
[projects.{NAME}]
cpus = 2
memory = "2GiB"
disk = "16GiB"
ports = "none"
profiles = []
"""
# As an agent's: a session of nopal's own tmux, in which something goes on.
SESSION = (
    "tmux -L nopal new-session -d -s agent"
    " 'i=0; while sleep 1; do i=$((i + 1)); echo $i > ~/count; done'"
)
CLONE = (
    "mkdir -p ~/code/a && cd ~/code/a && git init -q && git config user.name a"
    " && git config user.email a@b && echo one > file && git add file && git commit -qm one"
)
IDENTITY = (
    "hostname; cat /etc/machine-id; sudo cut -d ' ' -f 2 /etc/ssh/ssh_host_*_key.pub;"
    " cat ~/code/a/file ~/count"
)


@pytest.fixture(scope="module")
def person(place: Path) -> Iterator[Person]:
    person = Person(place / "kim")
    person.projects_file.parent.mkdir(parents=True)
    person.projects_file.write_text(PROJECT)
    try:
        person.inv("up", "--yes", "-p", NAME)
        run(person, f"{CLONE}; {SESSION}; while ! [ -s ~/count ]; do sleep 1; done")
        yield person
    finally:
        for name in (NAME, FORK):
            person.inv("destroy", "--yes", "-p", name, status=None)


def run(person: Person, command: str, name: str = NAME) -> list[str]:
    return person.inv("run", command, "-p", name).out.split()


def checkpoints(person: Person) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(person.inv("checkpoints", "--json", "-p", NAME).out)
    return found


def disk(person: Person, name: str) -> Path:
    paths = Paths.from_environment(
        person.environment(), is_root=os.geteuid() == 0, home=person.home
    )
    return paths.lima.instance(name) / "disk"


def test_a_running_machine_is_kept_with_its_memory_for_nobody_else_to_read(person: Person) -> None:
    told = person.inv("checkpoint", "--name=before", "-p", NAME)
    assert "any secret that is there" in told.err
    (found,) = checkpoints(person)
    assert (found["name"], found["holds"]) == ("before", "disk and memory")
    assert disk(person, NAME).stat().st_mode & 0o777 == 0o600


def test_a_rewind_names_what_would_be_lost_and_goes_on_with_every_session(person: Person) -> None:
    change = "cd ~/code/a && echo two > file && git commit -qam two && cat ~/count"
    (before,) = run(person, f"{change}; rm -rf ~/.config/nopal")
    refused = person.inv("rewind", "-p", NAME, status=1)
    assert "would lose /home/dev/code/a: 1 commit, 1 changed file" in refused.err
    assert run(person, "cat ~/code/a/file") == ["two"]
    person.inv("rewind", "--yes", "-p", NAME)
    asked = time.time()
    text, clock, count, later = run(
        person, "cd; cat code/a/file; date +%s; cat count; sleep 3; cat count"
    )
    assert text == "one"
    assert abs(int(clock) - asked) < 60, "the clock stands where it stood at the checkpoint"
    assert int(count) < int(later), f"the session does not go on: {count}, {before} before"
    again = person.inv("up", "-p", NAME)
    assert "changed" not in again.err


def test_limas_own_connection_is_there_again_after_a_rewind(person: Person) -> None:
    master = disk(person, NAME).with_name("ssh.sock")
    checked = subprocess.run(
        ["ssh", "-F", "/dev/null", "-o", f"ControlPath={master}", "machine", "true"],
        timeout=60,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_a_killed_checkpoint_leaves_nothing_that_the_next_verb_does_not_mend(
    person: Person,
) -> None:
    with subprocess.Popen(
        [str(INV), "checkpoint", "-p", NAME],
        env=person.environment(),
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as typed:
        assert typed.stderr is not None
        assert any("making the checkpoint" in line for line in typed.stderr)
        os.killpg(typed.pid, signal.SIGKILL)
    person.inv("checkpoint", "--name=after", "-p", NAME)
    assert {"before", "after"} <= {str(found["name"]) for found in checkpoints(person)}
    person.inv("checkpoint", "--delete=after", "-p", NAME)
    assert "after" not in {found["name"] for found in checkpoints(person)}


def test_a_fork_has_an_identity_of_its_own_and_the_first_goes_on(person: Person) -> None:
    person.inv("fork", FORK, "-p", NAME)
    first = run(person, IDENTITY)
    second = run(person, IDENTITY, FORK)
    *shared, count = second[-2:]
    assert shared == first[-2:-1] == ["one"]
    assert int(first[-1]) > int(count), "the first one stands still"
    assert not set(first[:-2]) & set(second[:-2])
    assert "forks" not in {path.name for path in person.state.rglob("*") if path.is_file()}
    assert "a fork of kept" in person.inv("config", "-p", FORK).out


def test_checkpoints_go_with_their_machine(person: Person) -> None:
    person.inv("destroy", "--yes", "-p", NAME)
    assert [path for path in person.state.rglob(f"*{NAME}*") if "log" not in str(path)] == []
