from __future__ import annotations

import threading
from pathlib import Path

import pytest

from nopal.state import MachineState, Ssh, StateStore, StateUnreadable


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
    "text", ["", "{", "[]", '{"name": "blog", "version": 99}', '{"name": "other"}', '{"name": 1}']
)
def test_a_file_that_is_not_understood_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "blog.json").write_text(text)
    with pytest.raises(StateUnreadable, match=r"blog\.json"):
        StateStore(tmp_path).read("blog")


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
