from __future__ import annotations

from pathlib import Path

import pytest

from lima.checkpoints import Snapshot
from nopal.checkpoint_list import age, as_data, as_text
from nopal.checkpoint_notes import (
    MOST_UNNAMED,
    BadCheckpointName,
    Checkpoint,
    Note,
    Notes,
    NoteStore,
    checked,
    free_name,
    to_drop,
    together,
)
from nopal.lost_since import LostSince, read_answer
from nopal.state import MachineState, StateStore, StateUnreadable

GIB = 1024**3
NOTE = Note("before", 2, 4 * GIB, "digest", ("base",), ())


def unnamed(second: int, memory_bytes: int = 0) -> Checkpoint:
    return Checkpoint(f"20260131-1200{second:02}", second, memory_bytes)


@pytest.mark.parametrize("name", ["before", "v1.2", "a-b_c", "1"])
def test_a_plain_word_names_a_checkpoint(name: str) -> None:
    assert checked(name) == name


@pytest.mark.parametrize(
    "name", ["", "-d", "a b", "a\nb", "../x", "a--b", "x" * 41, "20260131-235959", "é"]
)
def test_what_is_no_plain_word_names_none(name: str) -> None:
    with pytest.raises(BadCheckpointName):
        checked(name)


def test_one_without_a_name_gets_the_time_or_the_next_free_second() -> None:
    first = free_name(0, [])
    assert first == "19700101-000000"
    assert free_name(0, [first]) == "19700101-000001"
    assert Checkpoint(first, 0).is_unnamed


def test_the_oldest_without_a_name_goes_when_there_are_too_many() -> None:
    many = [unnamed(second) for second in range(MOST_UNNAMED + 2)]
    assert [one.made for one in to_drop(many)] == [1, 0]


def test_those_with_a_name_never_go_by_themselves() -> None:
    named = [Checkpoint(f"mine{i}", i, 9 * GIB) for i in range(20)]
    assert to_drop(named) == ()


def test_memory_in_those_without_a_name_is_bounded_but_the_newest_stays() -> None:
    large = [unnamed(0, GIB), unnamed(1, GIB), unnamed(2, 20 * GIB)]
    assert [one.made for one in to_drop(large)] == [1, 0]


def test_the_disk_says_which_checkpoints_there_are() -> None:
    notes = Notes(notes=(NOTE, Note("gone", 2, GIB, "", (), ())))
    found = together((Snapshot("before", 7, 5), Snapshot("unnoted", 8)), notes)
    assert found == (Checkpoint("before", 7, 5, NOTE), Checkpoint("unnoted", 8))


def test_notes_are_read_as_they_were_written(tmp_path: Path) -> None:
    store = NoteStore(tmp_path / "checkpoints")
    assert store.read("blog") == Notes()
    store.write("blog", Notes(notes=(NOTE,), rewinding="before"))
    assert store.read("blog") == Notes(notes=(NOTE,), rewinding="before")
    assert store.names() == ("blog",)


@pytest.mark.parametrize("text", ["{", '{"version": 9}', '{"more": 1}', "[]"])
def test_damaged_notes_are_refused_by_the_name_of_their_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "blog.json").write_text(text)
    with pytest.raises(StateUnreadable, match=r"blog\.json"):
        NoteStore(tmp_path).read("blog")


def test_the_notes_of_a_machine_go_with_it_and_are_no_machine(tmp_path: Path) -> None:
    states = StateStore(tmp_path / "state")
    states.write(MachineState(name="blog"))
    store = NoteStore(states.checkpoints)
    store.write("blog", Notes(notes=(NOTE,)))
    assert states.names() == ("blog",)
    states.remove("blog")
    assert store.names() == ()


def test_a_guest_says_what_is_newer_than_a_checkpoint() -> None:
    answer = ["work 2 1 /home/dev/code/a b", "work 0 0 /home/dev/code/same", "asked"]
    lost = read_answer(answer)
    assert lost == (LostSince("/home/dev/code/a b", 2, 1),)
    assert str(lost[0]) == "/home/dev/code/a b: 2 commits, 1 changed file"


@pytest.mark.parametrize(
    "answer", [[], ["work 1 1 /x"], ["asked?"]], ids=["nothing", "half", "something else"]
)
def test_half_an_answer_is_none(answer: list[str]) -> None:
    assert read_answer(answer) is None


def test_a_guest_cannot_rule_the_terminal_by_a_folders_name() -> None:
    lost = read_answer(["work 1 x /x", "work 1 1 /x\x1b[2J", "asked"])
    assert lost is not None
    assert len(lost) == 1
    assert "\x1b" not in str(lost[0])


def test_a_list_tells_age_and_what_each_holds() -> None:
    table = (unnamed(0), Checkpoint("before", 3600, 3 * 1024**2))
    assert as_text(table, 7200).splitlines() == [
        "NAME             AGE  HOLDS            MEMORY",
        "20260131-120000  2 h  disk             -",
        "before           1 h  disk and memory  3.0 MiB",
    ]
    assert as_data(table, 7200)[1] == {
        "name": "before",
        "made": "1970-01-01T01:00:00+00:00",
        "age_s": 3600,
        "holds": "disk and memory",
        "memory_bytes": 3 * 1024**2,
        "goes_by_itself": False,
    }
    assert as_text((), 0) == "there is no checkpoint"


def test_an_age_is_told_in_its_largest_unit() -> None:
    assert [age(s) for s in (-3, 59, 60, 7200, 200000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]
