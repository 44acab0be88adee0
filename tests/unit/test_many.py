from __future__ import annotations

import time

import pytest

from nopal.many import SomeFailed, for_each


def test_every_item_is_worked_on_though_some_fail() -> None:
    done = []

    def work(item: str) -> None:
        if item == "b":
            raise ValueError("broken")
        done.append(item)

    with pytest.raises(SomeFailed, match=r"b: broken\n1 of 3 failed") as caught:
        for_each(["a", "b", "c"], str, work)
    assert sorted(done) == ["a", "c"]
    assert caught.value.exit_status == 1


def test_a_single_items_error_is_its_own() -> None:
    def work(item: str) -> None:
        raise ValueError(item)

    with pytest.raises(ValueError, match="only"):
        for_each(["only"], str, work)


def test_an_interrupt_lets_nothing_else_begin() -> None:
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise KeyboardInterrupt
        time.sleep(0.2)

    with pytest.raises(KeyboardInterrupt):
        for_each(range(100), str, work)
    assert len(begun) < 50
