"""Sessions that begin again when their machine boots, in a real tmux: see `agent_guest.py`."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from agent_guest import SOON_S, Guest, agent_guest

from nopal import session_again
from nopal.secret_delivery import PLACE
from nopal.session_again import Again, again_of
from nopal.sessions import Session, detached_script
from profiles.agent import Agent
from profiles.autostart import autostart
from profiles.catalogue import load
from profiles.data import read_data
from profiles.guest import Guest as Machine
from provision import File

pytestmark = pytest.mark.skipif(
    not (shutil.which("tmux") and shutil.which("jq")), reason="no tmux or jq on this host"
)


@dataclass(frozen=True)
class Booting(Guest):
    """A home whose files stand for those of root's that the profile writes."""

    def start_it(self, session: Session) -> None:
        script = detached_script(session)
        for path, own in (
            (session_again.WANTED, "autostart"),
            (session_again.OVER, "over"),
            (PLACE, "memory"),
        ):
            script = script.replace(path, str(self.home / own))
        self.run(script)

    def begin(self, conversation: str = "", *words: str) -> None:
        if conversation:
            self.is_told(conversation)
        agent = load()["claude"].agent
        assert agent
        again = again_of(agent, words)
        self.start_it(Session("claude", "claude", "~/code", words, agent="claude", again=again))
        self.becomes("idle")
        if conversation:
            self.type("work")
            self.becomes("working")

    def is_told(self, conversation: str) -> None:
        """Let agents tell that this is their conversation."""
        with (self.home / ".bash_profile").open("a") as file:
            file.write(f"export FAKE_ID={conversation}\n")

    def is_system(self, state: str) -> None:
        systemctl = self.home / "bin/systemctl"
        systemctl.write_text(f"#!/bin/sh\necho {state}\n")
        systemctl.chmod(0o755)

    def boot(self) -> None:
        self.run(read_data("start-sessions.sh"))

    @property
    def again(self) -> Path:
        return self.home / ".local/state/nopal/again/claude"


@pytest.fixture
def guest() -> Iterator[Booting]:
    with agent_guest() as found:
        booting = Booting(found.home)
        (found.home / "autostart").touch()
        over = found.home / "over"
        # tmux runs its hooks with the PATH that it was started with.
        over.write_text(read_data("session-over.sh").replace("$(systemctl", "$(~/bin/systemctl"))
        over.chmod(0o755)
        booting.is_system("running")
        yield booting


def test_an_agent_goes_on_with_its_conversation_and_its_own_arguments(guest: Booting) -> None:
    guest.begin("11-aa", "--model", "opus 5")
    guest.end_server()
    guest.boot()
    guest.shows("agent 3 --resume=11-aa --model opus 5")
    assert guest.becomes("idle").agent == "claude"
    guest.end_server()
    guest.boot()  # and once more, by the same script
    guest.shows("agent 3 --resume=11-aa --model opus 5")


def test_a_conversation_that_was_chosen_needs_no_word_to_be_taken_up_again(guest: Booting) -> None:
    guest.is_told("22-bb")
    guest.begin("", "--resume=22-bb")
    chosen = guest.again.with_name("claude.id")
    until = time.monotonic() + SOON_S
    while not chosen.exists():  # an agent may look idle before its hook has told of it
        assert time.monotonic() < until
        time.sleep(0.05)
    assert chosen.read_text() == "22-bb\n"


@pytest.mark.parametrize("told", ["", "'$(touch stolen)'", "'a b'"])
def test_without_a_fit_id_it_just_begins(guest: Booting, told: str) -> None:
    guest.begin(told, "-v")
    guest.end_server()
    guest.boot()
    guest.shows("agent 1 -v")
    assert not list(guest.home.rglob("stolen"))


def test_a_session_that_runs_already_is_left_alone(guest: Booting) -> None:
    guest.begin("11-aa")
    guest.boot()
    assert "agent 0" in guest.screen()


@pytest.mark.parametrize("way", ["exit 0", "closed"])
def test_what_ended_before_the_machine_did_stays_ended(guest: Booting, way: str) -> None:
    guest.begin("11-aa")
    if way == "closed":
        guest.tmux("kill-session", "-t", "=claude")
    else:
        guest.type(way)
        guest.becomes("done")
    gone(guest.again)
    guest.boot()
    assert not guest.again.with_name("claude.id").exists()


def test_what_the_machines_end_ended_begins_again(guest: Booting) -> None:
    guest.begin("11-aa")
    guest.is_system("stopping")
    guest.type("exit 143")
    assert guest.becomes("failed").detail == "ended with status 143"
    guest.end_server()
    guest.boot()
    guest.shows("agent 1 --resume=11-aa")


def test_in_a_machine_with_secrets_it_waits_for_them(guest: Booting) -> None:
    memory = guest.home / "memory"
    memory.mkdir()
    (memory / "set").touch()
    guest.begin("11-aa")
    guest.end_server()
    (memory / "set").unlink()
    waiting = subprocess.Popen(
        ["sh", "-c", read_data("start-sessions.sh")], env=guest.environment, cwd=guest.home
    )
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(2)
    (memory / "set").touch()
    assert waiting.wait(SOON_S) == 0
    guest.shows("agent 1 --resume=11-aa")


def test_without_the_profile_nothing_is_noted(guest: Booting) -> None:
    (guest.home / "autostart").unlink()
    guest.begin("11-aa")
    assert not guest.again.parent.exists()
    guest.boot()


def test_a_headless_task_is_not_started_again(guest: Booting) -> None:
    guest.start_it(Session("task-1", "claude", "~/code", agent="claude"))
    guest.becomes("idle", "task-1")
    assert not guest.again.parent.exists()


@pytest.mark.parametrize(
    ("words", "line"), [((), "exec robot -v"), (("--last",), "exec robot --last -v")]
)
def test_an_agent_that_tells_nothing_goes_on_as_far_as_it_can(
    words: tuple[str, ...], line: str
) -> None:
    agent = Agent(program="robot", title="Robot", goes_on=words, resume=("--resume={}",))
    assert again_of(agent, ("-v",)) == Again(told=line, else_=line)


def test_the_profile_writes_what_sessions_look_for() -> None:
    files = {
        one.path: one for one in autostart.steps({}, Machine(name="b")) if isinstance(one, File)
    }
    assert {session_again.WANTED, session_again.OVER} <= set(files)
    folder = session_again.FOLDER.removeprefix("~/")
    for path in ("start-sessions", "session-over"):
        assert folder in str(files[f"/usr/local/lib/nopal/{path}"].content)
    assert folder in read_data("agent-state.sh")


def gone(path: Path) -> None:
    until = time.monotonic() + SOON_S
    while path.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
