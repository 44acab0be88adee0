"""What a session is up to, from recorded words of hooks and screens of Claude Code and Codex."""

# ruff: noqa: RUF001 - the screens are as the agents paint them

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nopal.agent_states import (
    GONE_IS_TOLD_S,
    STILL_S,
    TAKEN_UP_WITHIN_S,
    AgentSession,
    judge,
)
from nopal.session_look import Look, Pane, Record, Told, read_look
from nopal.sessions import PROMPTED
from profiles.agent import Agent
from profiles.catalogue import AGENTS, load

NOW = 1_795_466_000
# The lowest lines of the real ones at work, in a dialog, and at rest.
CLAUDE_WORKS = ("✻ Proofing…", "❯", "⏸ manual mode on · esc to interrupt")
CLAUDE_ASKS = ("❯ 1. Yes", "4. No", "Esc to cancel · Tab to amend")
CLAUDE_QUESTION = ("3. Type something.", "Enter to select · ↑/↓ to navigate · Esc to cancel")
CLAUDE_RESTS = ("✻ Worked for 0s · done 8:30 PM", "❯", "⏸ manual mode on · ? for shortcuts")
CODEX_WORKS = ("• Working (4s • esc to interrupt)", "› Ask Codex to do anything")
CODEX_ASKS = (
    "Would you like to run the following command?",
    "$ touch hello-codex",
    "Press enter to confirm or esc to cancel",
)
CODEX_RESTS = ("• All is done.", "› Ask Codex to do anything", "? for shortcuts")


def described(name: str) -> Agent | None:
    return load()[name].agent if name in AGENTS else None


def state_of(pane: Pane) -> AgentSession:
    [found] = judge(Look(NOW, (pane,)), described)
    return found


def pane(
    agent: str,
    word: str = "",
    screen: tuple[str, ...] = (),
    *,
    still_s: int = 0,
    question: str = "",
) -> Pane:
    told = Told(word, NOW - 30, question) if word else None
    return Pane(agent, agent, NOW - still_s, told=told, screen=screen)


@pytest.mark.parametrize(
    ("agent", "word", "screen", "still_s", "state"),
    [
        ("claude", "", (), 99, "working"),
        ("claude", "", CLAUDE_RESTS, 0, "idle"),
        ("claude", "idle", CLAUDE_RESTS, 99, "idle"),
        ("claude", "working", CLAUDE_WORKS, 0, "working"),
        ("claude", "working", CLAUDE_WORKS, 99, "working"),
        ("claude", "waiting", CLAUDE_ASKS, 99, "waiting"),
        ("claude", "waiting", CLAUDE_QUESTION, 99, "waiting"),
        ("claude", "done", CLAUDE_RESTS, 99, "done"),
        ("claude", "failed", CLAUDE_RESTS, 99, "failed"),
        ("claude", "background", CLAUDE_RESTS, 99, "working"),
        ("codex", "", CODEX_RESTS, 99, "idle"),
        ("codex", "working", CODEX_WORKS, 0, "working"),
        ("codex", "waiting", CODEX_ASKS, 0, "waiting"),
        ("codex", "done", CODEX_RESTS, 0, "done"),
    ],
)
def test_a_hook_is_believed_where_the_pane_agrees(
    agent: str, word: str, screen: tuple[str, ...], still_s: int, state: str
) -> None:
    assert state_of(pane(agent, word, screen, still_s=still_s)).state == state


@pytest.mark.parametrize(
    ("agent", "word", "screen", "still_s", "state"),
    [
        # Answered: no hook is called before the tool has ended.
        ("claude", "waiting", CLAUDE_WORKS, 0, "working"),
        ("codex", "waiting", CODEX_WORKS, 0, "working"),
        # Called off with Escape, of which Claude Code tells nobody.
        ("claude", "waiting", CLAUDE_RESTS, STILL_S, "idle"),
        ("claude", "working", CLAUDE_RESTS, STILL_S, "idle"),
        # A spinner that the description does not know still paints.
        ("claude", "working", ("something new",), 1, "working"),
        # A dialog without a hook, such as one of the first run.
        ("claude", "", CLAUDE_ASKS, 99, "waiting"),
        ("claude", "working", CLAUDE_ASKS, 99, "waiting"),
        # Its last words, and not a dialog.
        ("claude", "done", ("Press Esc to cancel.", *CLAUDE_RESTS), 99, "done"),
        # On again by itself.
        ("claude", "done", CLAUDE_WORKS, 0, "working"),
        # A word that no hook of nopal's has.
        ("claude", "rich", CLAUDE_RESTS, 99, "idle"),
    ],
)
def test_the_pane_decides_where_it_knows_better(
    agent: str, word: str, screen: tuple[str, ...], still_s: int, state: str
) -> None:
    assert state_of(pane(agent, word, screen, still_s=still_s)).state == state


@pytest.mark.parametrize(
    ("since_s", "screen", "still_s", "state"),
    [
        (0, (), 99, "working"),
        (TAKEN_UP_WITHIN_S, CLAUDE_RESTS, TAKEN_UP_WITHIN_S - 1, "working"),
        (TAKEN_UP_WITHIN_S - 1, CLAUDE_RESTS, TAKEN_UP_WITHIN_S, "working"),
        (TAKEN_UP_WITHIN_S, CLAUDE_RESTS, TAKEN_UP_WITHIN_S, "idle"),
        (TAKEN_UP_WITHIN_S, CLAUDE_WORKS, TAKEN_UP_WITHIN_S, "working"),
        # A dialog of the first run, for one.
        (0, CLAUDE_ASKS, 0, "waiting"),
    ],
)
def test_an_agent_that_was_started_with_a_prompt_is_not_idle_before_it_takes_it_up(
    since_s: int, screen: tuple[str, ...], still_s: int, state: str
) -> None:
    told = Told(PROMPTED, NOW - since_s)
    begun = Pane("claude", "claude", NOW - still_s, told=told, screen=screen)
    assert state_of(begun).state == state


@pytest.mark.parametrize(("still_s", "state"), [(0, "working"), (STILL_S, "idle")])
def test_an_agent_of_which_nothing_is_known_works_while_its_pane_moves(
    still_s: int, state: str
) -> None:
    assert state_of(pane("unknown", screen=("a",), still_s=still_s)).state == state


def test_a_question_is_the_hooks_and_else_the_screens() -> None:
    told = state_of(pane("claude", "waiting", CLAUDE_ASKS, question="Bash: rm -r build"))
    assert told.detail == "Bash: rm -r build"
    assert told.for_s == 30
    assert state_of(pane("codex", "", CODEX_ASKS)).detail == CODEX_ASKS[0]
    assert state_of(pane("claude", "", CLAUDE_ASKS)).detail == CLAUDE_ASKS[0]


@pytest.mark.parametrize(
    ("status", "signal", "state", "detail"),
    [
        (0, "", "done", "ended"),
        (7, "", "failed", "ended with status 7"),
        (None, "9", "failed", "ended by signal 9"),
        (None, "", "failed", "it could not be started"),
    ],
)
def test_a_pane_that_has_ended_is_believed_before_any_hook(
    status: int | None, signal: str, state: str, detail: str
) -> None:
    ended = Pane(
        *("claude", "claude", NOW - 5),
        has_ended=True,
        status=status,
        signal=signal,
        told=Told("working", NOW - 30),
        screen=CLAUDE_WORKS,
    )
    found = state_of(ended)
    assert (found.state, found.detail, found.for_s) == (state, detail, 5)


def test_an_agent_that_works_alone_works_until_it_ends() -> None:
    silent = replace(pane("claude", "working", ("{}",), still_s=999), is_alone=True)
    assert state_of(silent).state == "working"
    assert state_of(replace(silent, has_ended=True, status=0)).state == "done"


def test_a_session_that_vanished_is_gone_for_a_day() -> None:
    live = pane("claude", "done", CLAUDE_RESTS)
    records = (
        Record("claude", "claude", NOW - 60),
        Record("night", "codex", NOW - GONE_IS_TOLD_S + 1),
        Record("last-week", "codex", NOW - GONE_IS_TOLD_S),
    )
    found = judge(Look(NOW, (live,), records), described)
    assert [(one.name, one.state) for one in found] == [("claude", "done"), ("night", "gone")]


# How a machine's answer is read


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ANSWER = [
    f"now|{NOW}",
    f"pane|%0|claude|claude|0|||{NOW - 3}|1|1|waiting {NOW - 9} {encoded('Bash: ls')}",
    f"screen|%0|{encoded('one' + chr(10) + '  Esc to cancel')}",
    f"pane|%1|codex-2|codex|1||9|{NOW - 5}|0||",
    "screen|%1|",
    f"record|claude|{NOW - 60}|claude",
    f"record|night|{NOW - 60}|codex",
    "end",
]


def test_an_answer_of_the_machine_is_read_field_by_field() -> None:
    assert read_look(["noise of a login shell", *ANSWER]) == Look(
        NOW,
        (
            Pane(
                *("claude", "claude", NOW - 3),
                is_attached=True,
                is_alone=True,
                told=Told("waiting", NOW - 9, "Bash: ls"),
                screen=("one", "Esc to cancel"),
            ),
            Pane("codex-2", "codex", NOW - 5, has_ended=True, signal="9"),
        ),
        (Record("claude", "claude", NOW - 60), Record("night", "codex", NOW - 60)),
    )


@pytest.mark.parametrize("missing", [0, -1], ids=["now", "end"])
def test_half_an_answer_is_none(missing: int) -> None:
    lines = list(ANSWER)
    del lines[missing]
    assert read_look(lines) is None


@pytest.mark.parametrize(
    "line",
    [
        f"pane|%0|a;b|claude|0|||{NOW}|0||",
        f"pane|%0|claude|../x|0|||{NOW}|0||",
        f"pane|%0|claude|claude|2|||{NOW}|0||",
        f"pane|%0|claude|claude|0|||{NOW}|0||waiting {NOW} $(id)",
        f"pane|%0|claude|claude|0|||{'9' * 40}|0||",
        f"record|../../x|{NOW}|claude",
        f"record|x|{NOW}|claude|more",
    ],
)
def test_a_line_that_does_not_fit_is_dropped(line: str) -> None:
    assert read_look([f"now|{NOW}", line, "end"]) == Look(NOW)


def test_what_a_guest_wrote_cannot_rule_the_terminal() -> None:
    nasty = encoded("\x1b]0;owned\x07" + "x" * 5000 + "\n\x9b2J?")
    answer = [
        f"now|{NOW}",
        f"pane|%0|claude|claude|0|||{NOW}|0||waiting {NOW} {nasty[:1000]}",
        f"screen|%0|{nasty}",
        "end",
    ]
    look = read_look(answer)
    assert look
    [found] = look.panes
    assert found.told
    for text in (found.told.question, *found.screen):
        assert text.isprintable()
        assert len(text) <= 300


def test_a_machine_cannot_fill_the_memory_of_its_host() -> None:
    many = [f"pane|%{n}|s{n}|claude|0|||{NOW}|0||" for n in range(500)]
    more = [f"record|r{n}|{NOW}|claude" for n in range(500)]
    look = read_look([f"now|{NOW}", *many, *more, "end"])
    assert look
    assert len(look.panes) == len(look.records) == 40


@given(st.lists(st.text()))
def test_any_answer_is_read_or_refused(lines: list[str]) -> None:
    look = read_look([f"now|{NOW}", *lines, "end"])
    assert look is None or judge(look, described) is not None
