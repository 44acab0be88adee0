"""Agents' sessions in a real tmux, with an agent that does as it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from agent_guest import SOON_S, Guest, agent_guest
from sshd import PROGRAM, running_sshd

from nopal.agent_list import Watcher, ask
from nopal.agent_states import STILL_S, judge
from nopal.sessions import Session, attach_script, detached_script, read_detached
from nopal.workplace import Workplace, workplace
from profiles.catalogue import load
from provision.transport.address import SshAddress

pytestmark = pytest.mark.skipif(
    not (shutil.which("tmux") and shutil.which("jq")), reason="no tmux or jq on this host"
)


@pytest.fixture
def guest() -> Iterator[Guest]:
    with agent_guest() as found:
        yield found


@pytest.fixture
def clone(guest: Guest) -> Path:
    """~/code/blog, with a branch of its own and one that only its origin has."""
    who = "-c user.name=A -c user.email=a@example.com"
    guest.run(
        f"git init -q -b main origin && cd origin && git {who} commit -q --allow-empty -m one"
        " && git branch there && git clone -q . ../code/blog && cd ../code/blog && git branch here"
    )
    return guest.home / "code/blog"


CLAUDE = Session("claude", "claude", "~/code", agent="claude")


def test_a_session_that_asks_works_and_finishes_passes_through_every_state(guest: Guest) -> None:
    assert guest.start(CLAUDE) == ("claude", "started")
    guest.shows("agent 0")
    assert guest.becomes("idle").agent == "claude"
    guest.type("work")
    guest.becomes("working")
    guest.type("ask rm -r build; echo 'é' \"$(id)\" | x")
    # That was no JSON: it waits all the same.
    guest.becomes("waiting")
    guest.type("answered")
    guest.becomes("working")
    guest.type("ask make")
    guest.becomes("waiting", detail="Bash: make")
    guest.type("answered")
    guest.becomes("working")
    guest.type("done")
    guest.becomes("done")
    guest.type("fail")
    assert guest.becomes("failed").detail == "overloaded"


def test_an_agent_that_was_started_with_a_prompt_works_from_the_beginning(guest: Guest) -> None:
    guest.start(replace(CLAUDE, is_prompted=True))
    guest.shows("agent 0")
    time.sleep(1)  # its hook has told that the session began
    assert guest.becomes("working").detail == "starting"
    guest.type("work")
    guest.becomes("working", detail="")
    guest.type("done")
    guest.becomes("done")
    guest.type("exit 0")
    guest.becomes("done", detail="ended")
    assert guest.start(CLAUDE) == ("claude", "restarted")
    guest.becomes("idle")


def test_an_agent_with_work_in_the_background_still_works(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.becomes("idle")
    guest.type('done {"id": 1}')
    assert guest.becomes("working").detail == "in the background"


def test_a_compaction_interrupts_nothing(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.type("work")
    guest.becomes("working")
    guest.type("compact")
    guest.type("say so")
    guest.shows("said so")
    [pane] = guest.look().panes
    assert pane.told
    assert pane.told.word == "working"


def test_a_turn_that_was_called_off_is_over_when_its_pane_is_still(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.type("work")
    guest.becomes("working")
    guest.type("answered")  # clears the screen and tells nobody
    guest.type("say so")
    guest.shows("said so")
    look = guest.look()
    later = replace(look, now=look.now + STILL_S + 1)
    [found] = judge(later, lambda name: load()[name].agent)
    assert found.state == "idle"


def test_the_pane_stays_when_the_agent_ends_and_says_how(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.becomes("idle")
    guest.type("work")
    guest.becomes("working")
    guest.type("exit 7")
    assert guest.becomes("failed").detail == "ended with status 7"
    guest.shows("claude ended with status 7")
    assert guest.start(CLAUDE) == ("claude", "restarted")
    guest.becomes("idle")
    guest.type("exit 0")
    assert guest.becomes("done").detail == "ended"


def test_a_kill_leaves_no_state_behind_that_lies(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.type("work")
    guest.becomes("working")
    os.kill(int(guest.tmux("display-message", "-p", "-t", "=claude:", "#{pane_pid}")), 9)
    assert guest.becomes("failed").detail.startswith("ended by signal")
    guest.shows("claude ended with signal")


def test_a_session_whose_server_is_killed_is_gone_and_one_that_is_closed_forgotten(
    guest: Guest,
) -> None:
    guest.start(CLAUDE)
    guest.start(replace(CLAUDE, name="review"))
    guest.becomes("idle", "review")
    guest.tmux("kill-session", "-t", "=review")
    until = time.monotonic() + SOON_S
    while "review" in guest.sessions():
        assert time.monotonic() < until
        time.sleep(0.1)
    guest.end_server()
    assert guest.becomes("gone")
    assert guest.start(CLAUDE) == ("claude", "started")
    guest.becomes("idle")


def test_an_agent_that_another_one_starts_says_nothing_of_the_pane(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.type("work")
    guest.becomes("working")
    guest.type("nested")
    guest.shows("agent 1 nested")
    guest.type("say so")
    guest.shows("said so")
    assert guest.sessions()["claude"].state == "working"


def test_arguments_reach_the_agent_as_they_were_typed(guest: Guest) -> None:
    nasty = 'it\'s "x" $(id) `id`; '
    guest.start(replace(CLAUDE, arguments=("--", nasty, ";")))
    guest.shows(f"agent 3 -- {nasty} ;")


def test_another_session_stands_beside_the_first_with_the_next_number(guest: Guest) -> None:
    new = replace(CLAUDE, new=True)
    assert [guest.start(new) for _ in range(3)] == [
        ("claude", "started"),
        ("claude-2", "started"),
        ("claude-3", "started"),
    ]
    assert set(guest.sessions()) == {"claude", "claude-2", "claude-3"}


def test_only_agents_sessions_are_listed(guest: Guest) -> None:
    guest.start(CLAUDE)
    guest.tmux("new-session", "-d", "-s", "my own", "sleep 100")
    guest.tmux("split-window", "-d", "-t", "=claude:", "sleep 100")
    guest.becomes("idle")
    assert list(guest.sessions()) == ["claude"]


def test_within_a_tmux_of_ones_own_the_session_is_still_nopals(guest: Guest) -> None:
    inside = "export TMUX=/nonexistent,1,0 TMUX_PANE=%9\n"
    guest.run(inside + detached_script(CLAUDE))
    assert guest.becomes("idle")


def test_attaching_shows_the_agent_and_once_how_to_leave(guest: Guest) -> None:
    script = attach_script(CLAUDE, "xterm-256color", "", 'Ctrl-b d leaves; it\'s "fine"')
    child = pexpect.spawn(
        "bash",
        ["-c", script],
        env=guest.environment,  # type: ignore[arg-type]
        dimensions=(30, 100),
        timeout=SOON_S,
    )
    child.expect_exact('Ctrl-b d leaves; it\'s "fine"')
    assert guest.becomes("idle").is_attached
    child.send("\x02d")
    child.expect("detached")
    child.close()
    assert guest.becomes("idle").is_attached is False


def test_a_machine_is_asked_by_one_command_over_ssh(guest: Guest) -> None:
    if PROGRAM is None:
        pytest.skip("no sshd on this host")
    guest.start(CLAUDE)
    guest.becomes("idle")
    with running_sshd(guest.home / "sshd", environment=guest.environment) as server:
        watcher = Watcher(
            lambda name: server.address(known_hosts=None) if name == "blog" else None,
            lambda name: load()[name].agent,
            ask,
        )
        seen = watcher.see_all(["blog", "stopped"])
        execs = server.execs
    assert [(one.machine, one.failure) for one in seen] == [("blog", "")]
    assert [session.state for session in seen[0].sessions] == ["idle"]
    assert execs == 1


def test_a_machine_that_cannot_be_reached_is_told_and_no_error(guest: Guest) -> None:
    nobody = SshAddress(host="127.0.0.1", port=1, user="dev")
    [seen] = Watcher(lambda _name: nobody, lambda _name: None, ask).see_all(["blog"])
    assert (seen.sessions, seen.runs) == ((), True)
    assert "127.0.0.1" in seen.failure


# Worktrees


def at(branch: str, agent: str = "claude") -> Session:
    place = workplace("~/code", "~/code/blog", branch=branch)
    return in_place(place, agent)


def in_place(place: Workplace, agent: str) -> Session:
    name = place.session_name(agent)
    return Session(name, agent, place.directory, agent=agent, before=place.before)


def test_two_agents_on_two_branches_work_in_two_folders(guest: Guest, clone: Path) -> None:
    assert guest.start(at("fix/cart")) == ("claude-fix-cart", "started")
    assert guest.start(at("login", "codex")) == ("codex-login", "started")
    for session, branch in (("claude-fix-cart", "fix/cart"), ("codex-login", "login")):
        guest.type("where", session)
        guest.shows(branch, session)
    listed = guest.run(f"git -C {clone} worktree list")
    assert f"{clone}@fix-cart" in listed
    assert f"{clone}@login" in listed
    assert guest.run(f"git -C {clone} branch --show-current").strip() == "main"


@pytest.mark.parametrize("branch", ["here", "there"])
def test_a_branch_that_exists_is_taken(guest: Guest, clone: Path, branch: str) -> None:
    guest.start(at(branch))
    assert guest.run(f"git -C {clone}@{branch} branch --show-current").strip() == branch
    upstream = guest.run(f"git -C {clone} config branch.{branch}.remote || true").strip()
    assert upstream == ("origin" if branch == "there" else "")


def test_a_worktree_is_used_again_with_what_is_in_it(guest: Guest, clone: Path) -> None:
    guest.start(at("fix"))
    Path(f"{clone}@fix/draft").write_text("draft")
    guest.end_server()
    assert guest.start(at("fix")) == ("claude-fix", "started")
    assert Path(f"{clone}@fix/draft").read_text() == "draft"
    # One that somebody removed by hand is made anew.
    guest.end_server()
    shutil.rmtree(f"{clone}@fix")
    assert guest.start(at("fix")) == ("claude-fix", "started")


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("git init -q ~/code/blog@fix", "is something else"),
        ("git -C ~/code/blog worktree add -q -b other ~/code/blog@fix", "is on other"),
        ("git -C ~/code/blog checkout -q -b fix", "fix"),
        ("mv ~/code/blog ~/code/gone", "there is no clone"),
    ],
)
def test_a_worktree_that_cannot_be_had_starts_no_agent(
    guest: Guest, clone: Path, before: str, says: str
) -> None:
    guest.run(before)
    script = detached_script(at("fix"))
    failed = subprocess.run(
        ["bash", "-c", script], env=guest.environment, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0
    assert says in failed.stderr
    assert read_detached(failed.stdout.splitlines()) is None
    assert guest.sessions() == {}
