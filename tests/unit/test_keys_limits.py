"""How often a machine may do what, and for how long a yes holds."""

from __future__ import annotations

from dataclasses import dataclass

from guard.keys.limits import Limits
from guard.keys.policy import Rate
from guard.keys.refusals import LINES_PER_DAY, LINES_PER_MINUTE, Refusals


@dataclass
class Clock:
    """Says what it was set to."""

    now: float = 1000

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_for_any_stretch_of_its_length() -> None:
    clock = Clock()
    limits = Limits(clock)
    rate = Rate(3, 60)
    assert [limits.take("sign", rate) for _ in range(4)] == [True, True, True, False]
    clock.now += 59.9
    assert not limits.take("sign", rate)
    clock.now += 0.1
    assert limits.take("sign", rate)


def test_what_was_refused_does_not_count() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.take("sign", Rate(1, 60))
    for _ in range(5):
        clock.now += 10
        assert not limits.take("sign", Rate(1, 60))
    clock.now += 10
    assert limits.take("sign", Rate(1, 60))


def test_each_kind_is_counted_by_itself() -> None:
    limits = Limits(Clock())
    assert limits.take("sign", Rate(1, 60))
    assert limits.take("login", Rate(1, 60))
    assert not limits.take("login", Rate(1, 60))


def test_a_rate_of_nothing_allows_nothing() -> None:
    assert not Limits(Clock()).take("sign", Rate(0, 60))


def test_a_yes_holds_for_its_time_and_for_just_what_was_asked() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.remember(("key", "login", "git@hub"), 900)
    assert limits.remembers(("key", "login", "git@hub"))
    assert not limits.remembers(("key", "login", "root@hub"))
    assert not limits.remembers(("key", "sign", "git@hub"))
    assert not limits.remembers(("other", "login", "git@hub"))
    clock.now += 900
    assert not limits.remembers(("key", "login", "git@hub"))


def test_a_machine_that_is_refused_all_the_time_does_not_fill_the_log() -> None:
    clock = Clock(0)
    refusals = Refusals(clock)
    lines = [refusals.is_worth_a_line() for _ in range(10_000)]
    assert sum(lines) == LINES_PER_MINUTE
    assert refusals.take_unlogged() == 10_000 - LINES_PER_MINUTE
    assert refusals.take_unlogged() == 0
    clock.now = 60
    assert refusals.is_worth_a_line()


def test_nor_does_one_that_is_patient_about_it() -> None:
    clock, lines = Clock(0), 0
    refusals = Refusals(clock)
    for minute in range(24 * 60):
        clock.now = minute * 60
        lines += sum(refusals.is_worth_a_line() for _ in range(LINES_PER_MINUTE))
    assert lines == LINES_PER_DAY
    clock.now = 24 * 60 * 60
    assert refusals.is_worth_a_line()
