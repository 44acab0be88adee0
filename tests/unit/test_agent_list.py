"""The sessions of all machines: who is asked, what is shown, what changed, what ends a wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from nopal import task_records
from nopal.agent_changes import changes, known
from nopal.agent_list import Seen, Watcher, as_data, as_text, describer, roughly
from nopal.agent_states import AgentSession, State
from nopal.agent_wait import (
    IDLE_S,
    PATIENCE_S,
    BadTime,
    NoSuchSession,
    Waiting,
    in_seconds,
    of_task,
)
from nopal.errors import Place, ProjectError
from nopal.own_profiles import BrokenProfiles
from nopal.session_look import Look, Pane, Told
from nopal.task_records import TaskRecords
from profiles.catalogue import load
from provision.errors import GuestUnreachable
from provision.transport.address import SshAddress

NOW = 1_795_466_000


def session(state: State, detail: str = "", name: str = "claude") -> AgentSession:
    return AgentSession(name, "claude", state, detail)


def in_blog(*sessions: AgentSession) -> tuple[Seen, ...]:
    return (Seen("blog", sessions),)


# Asking


def address(name: str) -> SshAddress | None:
    return None if name == "stopped" else SshAddress(host=name, port=22, user="dev")


def answer(address: SshAddress) -> Look:
    if address.host == "broken":
        raise GuestUnreachable("broken", "no answer")
    return Look(NOW, (Pane("claude", "claude", NOW, told=Told("waiting", NOW - 5, "Which?")),))


def test_only_machines_that_run_are_asked_and_one_that_fails_spoils_no_other() -> None:
    watcher = Watcher(address, lambda _name: None, answer)
    blog, broken = watcher.see_all(["blog", "stopped", "broken"])
    assert [one.state for one in blog.sessions] == ["waiting"]
    assert not blog.failure
    assert (broken.sessions, broken.machine) == ((), "broken")
    assert "no answer" in broken.failure
    assert watcher.see_all([]) == ()


def test_an_agent_that_a_machine_names_need_not_be_there() -> None:
    class Broken(dict[str, object]):
        def __contains__(self, name: object) -> bool:
            raise BrokenProfiles(Place(), "a typo")

    assert describer(load())("claude") is load()["claude"].agent
    assert describer(load())("docker") is None
    assert describer(load())("no-such") is None
    assert describer(Broken())("x") is None  # type: ignore[arg-type]


# Showing


def test_a_person_sees_columns_and_a_program_every_field() -> None:
    seen = in_blog(AgentSession("claude", "claude", "waiting", "Bash: " + "x" * 100, 125, True))
    head, row = as_text(seen).splitlines()
    assert head.split() == ["MACHINE", "SESSION", "AGENT", "STATE", "FOR"]
    assert row.startswith("blog     claude   claude  waiting  2 min  Bash: xxx")
    assert row.endswith("…")
    assert as_data(seen) == [
        {
            "machine": "blog",
            "name": "claude",
            "agent": "claude",
            "state": "waiting",
            "detail": "Bash: " + "x" * 100,
            "for_s": 125,
            "is_attached": True,
        }
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 h"), (90_000, "1 d")]
)
def test_a_time_is_told_roughly(seconds: int, words: str) -> None:
    assert roughly(seconds) == words


# Changes


def test_a_change_is_a_new_session_another_state_or_another_question() -> None:
    before = in_blog(session("working"), session("waiting", "A?", "b"), session("idle", "", "c"))
    after = in_blog(session("done"), session("waiting", "B?", "b"), session("idle", "", "c"))
    after = (Seen("blog", (*after[0].sessions, session("working", "", "d"))),)
    assert [str(change) for change in changes(before, after)] == [
        "blog: claude: working → done",
        "blog: b: waiting: B?",
        "blog: d: working",
    ]
    assert changes(after, after) == ()


def test_what_is_there_no_more_is_gone_unless_its_machine_was_silent() -> None:
    before = in_blog(session("working"))
    [gone] = changes(before, in_blog())
    assert gone.data["state"] == "gone"
    assert gone.data["was"] == "working"
    silent = (Seen("blog", failure="no answer"),)
    assert changes(before, known(before, silent)) == ()
    assert [one.session.state for one in changes(before, ())] == ["gone"]


@pytest.mark.parametrize(
    ("was", "now", "is_told"),
    [
        ("working", "waiting", True),
        ("working", "done", True),
        ("waiting", "failed", True),
        ("working", "gone", True),
        ("waiting", "working", False),
        ("working", "idle", False),
    ],
)
def test_a_person_who_looks_elsewhere_is_told_when_an_agent_works_no_more(
    was: State, now: State, is_told: bool
) -> None:
    [change] = changes(in_blog(session(was)), in_blog(session(now)))
    assert change.wants_the_person == is_told
    [first] = changes((), in_blog(session(now)))
    assert not first.wants_the_person


# Waiting


@dataclass
class Days:
    """A machine that answers what it is told, and a clock that moves when somebody sleeps."""

    answers: list[Seen]
    now: float = 0
    looks: int = field(default=0)

    def look(self) -> Seen:
        self.looks += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, limit_s: float | None = None) -> AgentSession | None:
        waiting = Waiting(self.look, lambda: self.now, self.sleep)
        return waiting.until_it_stops("claude", limit_s)


def told(*states: State) -> list[Seen]:
    return [Seen("blog", (session(state),)) for state in states]


@pytest.mark.parametrize("end", ["waiting", "done", "failed", "gone"])
def test_a_wait_ends_when_the_agent_stops(end: State) -> None:
    found = Days(told("working", "working", end)).wait()
    assert found
    assert found.state == end


def test_an_agent_that_was_just_started_is_idle_for_a_while() -> None:
    assert Days(told("idle", "working", "done")).wait() == session("done")
    days = Days(told("working", "idle"))
    assert days.wait() == session("idle")
    assert days.now >= IDLE_S


def test_a_wait_ends_when_its_time_is_over() -> None:
    days = Days(told("working"))
    assert days.wait(10) is None
    assert days.looks > 1


def test_a_machine_may_be_silent_for_a_moment_but_not_for_ever() -> None:
    silent = Seen("blog", failure="no answer")
    assert Days([*told("working"), silent, silent, *told("done")]).wait() == session("done")
    days = Days([*told("working"), silent])
    assert days.wait() == session("gone", "no answer")
    assert days.now >= PATIENCE_S


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (Seen("blog"), "its session was closed"),
        (Seen("blog", runs=False), "the machine was stopped"),
    ],
)
def test_what_vanishes_while_it_is_waited_for_is_gone(then: Seen, why: str) -> None:
    assert Days([*told("working"), then]).wait() == session("gone", why)


def test_a_session_that_never_was_cannot_be_waited_for() -> None:
    with pytest.raises(NoSuchSession) as caught:
        Days([Seen("blog", (session("idle", "", "codex"),))]).wait()
    assert caught.value.exit_status == 2
    assert str(caught.value) == "there is no session claude in blog; there are: codex"
    with pytest.raises(NoSuchSession) as caught:
        Days([Seen("blog", runs=False)]).wait()
    assert "inv up -p blog" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("", None), ("90", 90), ("90s", 90), ("30m", 1800), ("2 h", 7200)]
)
def test_a_span_of_time_is_a_number_with_a_unit(text: str, seconds: float | None) -> None:
    assert in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["h", "-5", "1.5h", "2 weeks", "9" * 10])
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(BadTime) as caught:
        in_seconds(text)
    assert isinstance(caught.value, ProjectError)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("state", "said", "found"),
    [
        ("done", "All is done.", ("done", "All is done.")),
        ("failed", "no such file", ("failed", "no such file")),
        ("waiting", "May I?", ("waiting", "May I?")),
        ("cancelled", "", ("gone", "cancelled")),
        ("interrupted", "the machine restarted", ("gone", "interrupted")),
        ("running", "", None),
        ("held", "", None),
    ],
)
def test_a_task_whose_session_is_closed_has_ended_as_its_record_says(
    tmp_path: Path, state: task_records.State, said: str, found: tuple[str, str] | None
) -> None:
    records = TaskRecords(tmp_path / "tasks")
    new = records.new(
        project="blog", agent="codex", prompt="x", repo="", branch="", timeout_s=1, turns=0
    )
    records.write(msgspec.structs.replace(new, state=state, said=said))
    assert records.of_session("shop", "task-1") is None
    assert records.of_session("blog", "task-2") is None
    record = records.of_session("blog", "task-1")
    assert record
    ended = of_task(record)
    assert (ended and (ended.state, ended.detail)) == found
