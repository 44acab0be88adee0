"""From attempts and the last probe to results."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import pytest
from engine_samples import FACTS, Thing

from provision.attempts import Attempts
from provision.dependants import Dependants
from provision.engine import Outcome
from provision.errors import StepFailed
from provision.judge import judge
from provision.plan import plan
from provision.probe import Answer
from provision.report import StepResult
from provision.step import Change, Step

CHECK = Thing("check", script="")
NOTHING = Attempts()


def results(
    *steps: Step, states: Mapping[str, str | None], attempts: Attempts = NOTHING, dry: bool = False
) -> list[tuple[str, str]]:
    answer = Answer(FACTS, {f"thing:{name}": state for name, state in states.items()})
    wanted = plan(steps, answer.states, FACTS, attempted=attempts.changes)
    found = judge(Dependants(steps), answer, wanted, attempts, is_dry=dry)
    return [(result.status, result.summary) for result in found]


def test_what_was_tried_and_is_right_now_was_changed() -> None:
    tried = Attempts({"thing:a": Change("set a", "x")})
    assert results(Thing("a"), states={"a": "yes"}, attempts=tried) == [("changed", "set a")]


def test_what_was_tried_and_still_differs_failed_with_the_state_seen() -> None:
    tried = Attempts({"thing:a": Change("set a", "x")}, {}, {"thing:a": deque(["said"])})
    answer = Answer(FACTS, {"thing:a": "odd"})
    steps = [Thing("a")]
    wanted = plan(steps, answer.states, FACTS)
    (result,) = judge(Dependants(steps), answer, wanted, tried, is_dry=False)
    assert (result.status, result.summary) == ("failed", "set a: did not converge")
    assert result.detail == "said\nstate afterwards: odd"


def test_a_change_that_no_probe_can_see_counts_when_it_succeeded() -> None:
    tried = Attempts({"thing:a": Change("run a", "x", is_provable=False)})
    assert results(Thing("a"), states={"a": "no"}, attempts=tried) == [("changed", "run a")]


def test_a_failed_script_has_failed_whatever_the_state() -> None:
    tried = Attempts({"thing:a": Change("set a", "x")}, {"thing:a": "set a: exit status 1"})
    assert results(Thing("a"), states={"a": "yes"}, attempts=tried) == [
        ("failed", "set a: exit status 1")
    ]


@pytest.mark.parametrize(("pending", "status"), [("no", "would change"), ("yes", "failed")])
def test_in_a_dry_run_a_failing_check_is_open_while_changes_are_pending(
    pending: str, status: str
) -> None:
    found = results(Thing("a"), CHECK, states={"a": pending, "check": "no"}, dry=True)
    assert found[1] == (status, "set check")


def test_a_probe_without_an_answer_is_a_failure_in_a_dry_run_too() -> None:
    found = results(Thing("a"), Thing("b"), states={"a": "no", "b": None}, dry=True)
    assert [status for status, _ in found] == ["would change", "failed"]


def test_what_a_failure_kept_from_being_tried_is_skipped_with_the_reason() -> None:
    stopped = Attempts({}, {"thing:a": "why"})
    found = results(Thing("a"), Thing("b"), CHECK, states={"a": "no"}, attempts=stopped)
    assert found[1:] == [("skipped", "`thing:a` failed")] * 2


def test_what_differs_anew_after_the_last_round_has_failed() -> None:
    assert results(Thing("a"), states={"a": "no"}) == [("failed", "still differs: set a")]


def test_an_outcome_with_a_failure_raises_it_with_its_output() -> None:
    failed = StepResult("thing:a", "failed", "why", "the output")
    outcome = Outcome(FACTS, (StepResult("thing:b", "ok"), failed), 1)
    assert not outcome.is_converged
    with pytest.raises(StepFailed, match="thing:a\nthe output"):
        outcome.raise_for_failure()


def test_an_outcome_without_a_failure_raises_nothing() -> None:
    outcome = Outcome(FACTS, (StepResult("thing:a", "changed", "set a"),), 3)
    outcome.raise_for_failure()
    assert outcome.is_converged
    assert [result.id for result in outcome.changed] == ["thing:a"]
