from __future__ import annotations

import shlex

import pytest

from nopal.login_shell import command_script, prelude
from nopal.sessions import (
    BadSessionName,
    Session,
    attach_script,
    detached_script,
    read_detached,
    start_script,
)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a:b", "a.b", "a;b", "x" * 33, "$(id)", "ä"])
def test_a_name_that_tmux_or_a_shell_could_misread_is_refused(name: str) -> None:
    with pytest.raises(BadSessionName) as caught:
        Session(name=name, program="claude", directory="~/code")
    assert caught.value.exit_status == 2


def test_arguments_reach_the_agent_as_single_words() -> None:
    nasty = 'it\'s; rm -rf / $(id) `id` "x"'
    session = Session("s", "claude", "~/code", ("--model", nasty))
    (line,) = [one for one in start_script(session).splitlines() if "exec bash -lc" in one]
    (assigned,) = shlex.split(line)
    inner = shlex.split(assigned.removeprefix("command="))
    assert inner[:3] == ["exec", "bash", "-lc"]
    assert shlex.split(inner[3]) == ["exec", "claude", "--model", nasty]


def test_another_session_is_started_only_when_asked_for() -> None:
    assert "if false; then" in start_script(Session("s", "claude", "~/code"))
    assert "if true; then" in start_script(Session("s", "claude", "~/code", new=True))


def test_attaching_ends_in_tmux_and_starting_detached_in_an_answer() -> None:
    session = Session("s", "claude", "~/code")
    assert attach_script(session, "xterm-256color", "").rstrip().endswith('-t "=$name"')
    assert "attach-session" not in detached_script(session)


def test_an_unknown_terminal_is_described_to_the_guest() -> None:
    assert "tic" not in prelude("xterm-256color", "QUJD")
    assert "printf %s QUJD | base64 -d | tic -x" in prelude("xterm-kitty", "QUJD")
    assert "infocmp xterm-ghostty" in prelude("xterm-ghostty", "")


def test_a_command_in_a_named_directory_needs_that_directory() -> None:
    assert "exit 1" in command_script("make", "~/code/blog", required=True)
    assert "exit 1" not in command_script("make", "~/code/blog", required=False)


def test_only_a_well_formed_answer_of_the_guest_counts() -> None:
    assert read_detached(["noise", "session claude-2 started"]) == ("claude-2", "started")
    assert read_detached(["session a;b started"]) is None
    assert read_detached(["session claude exploded"]) is None
    assert read_detached([]) is None
