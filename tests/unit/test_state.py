from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from nopal.state import VERSION, MachineState, Ssh, StateNewer, StateStore, StateUnreadable


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state")
    state = MachineState(name="blog", ssh=Ssh("127.0.0.1", 6022, "dev", "/key"), pinned=True)
    store.write(state)
    assert store.read("blog") == state
    assert store.names() == ("blog",)


def test_a_machine_without_a_file_has_an_empty_state(tmp_path: Path) -> None:
    assert StateStore(tmp_path).read("blog") == MachineState(name="blog")


def test_removing_forgets_and_may_be_repeated(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.write(MachineState(name="blog"))
    store.remove("blog")
    store.remove("blog")
    assert store.names() == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"name": "blog", "version": "2"}',
        '{"name": "blog", "more": 1}',
        '{"name": "other"}',
        '{"name": 1}',
    ],
)
def test_a_file_that_is_not_understood_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "blog.json").write_text(text)
    with pytest.raises(StateUnreadable, match=r"blog\.json"):
        StateStore(tmp_path).read("blog")


def test_a_file_of_an_older_nopal_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    text = '{"name": "blog", "spec": {"cpus": "2"}, "pinned": true, "version": 1}'
    (tmp_path / "blog.json").write_text(text)
    store = StateStore(tmp_path)
    assert store.read("blog") == MachineState(name="blog", spec={"cpus": "2"}, pinned=True)
    assert (tmp_path / "blog.json").read_text() == text
    store.write(store.read("blog"))
    assert json.loads((tmp_path / "blog.json").read_text())["version"] == VERSION


def test_a_file_of_a_newer_nopal_is_refused_and_nobody_told_to_throw_it_away(
    tmp_path: Path,
) -> None:
    newer = f'{{"name": "blog", "is_new": true, "version": {VERSION + 1}}}'
    (tmp_path / "blog.json").write_text(newer)
    with pytest.raises(StateNewer) as refused:
        StateStore(tmp_path).read("blog")
    assert f"from a newer nopal (form {VERSION + 1}; this one knows {VERSION})" in str(
        refused.value
    )
    assert "away" not in str(refused.value)


def test_a_second_command_is_told_that_it_waits(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    told = threading.Event()
    order: list[str] = []

    def second() -> None:
        with store.locked("blog", lambda _holder: told.set()):
            order.append("second")

    with store.locked("blog", lambda _holder: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert told.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
