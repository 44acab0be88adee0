"""Steps and states in, actions out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from engine_samples import FACTS, Package, Source, Thing
from hypothesis import given
from hypothesis import strategies as st

from provision.errors import ContradictingSteps
from provision.plan import declare, plan, segments
from provision.step import Step


def scripts(*steps: Step, attempted: tuple[str, ...] = ()) -> list[str]:
    states = {step.id: "no" for step in steps}
    actions = plan(steps, states, FACTS, attempted=attempted).actions
    return [action.change.summary for action in actions]


def test_a_step_in_its_wanted_state_calls_for_nothing() -> None:
    assert plan([Thing("a")], {"thing:a": "yes"}, FACTS).changes == {}


def test_mergeable_changes_are_one_where_the_first_of_them_stands() -> None:
    assert scripts(Thing("a"), Package("x"), Thing("b"), Package("y")) == [
        "set a",
        "install x y",
        "set b",
    ]


def test_a_single_change_is_not_merged() -> None:
    assert scripts(Package("x")) == ["set x"]


def test_packages_do_not_move_in_front_of_a_pending_source() -> None:
    assert scripts(Package("x"), Package("y"), Source("s"), Package("z"), Package("w")) == [
        "install x y",
        "set s",
        "install z w",
    ]


def test_a_source_that_is_there_already_keeps_no_packages_apart() -> None:
    steps = [Package("x"), Source("s"), Package("y")]
    states = {"package:x": "no", "source:s": "yes", "package:y": "no"}
    (action,) = plan(steps, states, FACTS).actions
    assert action.change.summary == "install x y"


def test_changes_of_root_and_of_the_login_user_are_not_merged() -> None:
    assert scripts(Package("x"), Package("y", run_as="login")) == ["set x", "set y"]


def test_what_was_attempted_is_not_acted_on_again() -> None:
    assert scripts(Package("x"), Package("y"), attempted=("package:x",)) == ["set y"]


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("x", []),
        ("x y", ["set x", "set y"]),
        ("a b c d e", ["install a b", "install c d e"]),
    ],
    ids=["one", "few", "many"],
)
def test_a_merged_action_is_divided(names: str, parts: list[str]) -> None:
    steps = [Package(name) for name in names.split()]
    (action,) = plan(steps, dict.fromkeys((s.id for s in steps), "no"), FACTS).actions
    assert [part.change.summary for part in action.divide()] == parts


@dataclass(frozen=True)
class Key(Package):
    """One of many in a file, which is the letter it begins with."""

    @property
    def shares(self) -> str:
        return self.word[0]


def test_changes_of_one_file_are_not_divided() -> None:
    steps = [Key("a1"), Key("b1"), Key("a2")]
    (action,) = plan(steps, dict.fromkeys((s.id for s in steps), "no"), FACTS).actions
    parts = action.divide()
    assert [part.change.summary for part in parts] == ["install a1 a2", "set b1"]
    assert parts[0].divide() == ()


@pytest.mark.parametrize("state", [None, "number"], ids=["missing", "unreadable"])
def test_a_state_without_sense_concerns_its_own_step_only(state: str | None) -> None:
    found = plan([Thing("a"), Thing("b")], {"thing:a": state, "thing:b": "no"}, FACTS)
    assert found.changes["thing:a"].script == ""
    assert [action.steps[0].id for action in found.actions] == ["thing:b"]


def test_a_missing_answer_is_told_with_what_is_known_of_it() -> None:
    found = plan([Thing("a"), Thing("b")], {}, FACTS, faults={"thing:b": "it hung"})
    assert [change.summary for change in found.changes.values()] == [
        "cannot be looked at: its probe gave no usable answer",
        "cannot be looked at: it hung",
    ]


def test_steps_that_need_the_agent_get_an_exec_of_their_own() -> None:
    steps = [Thing("a"), Thing("b", needs_agent=True), Thing("c", needs_agent=True), Thing("d")]
    actions = plan(steps, {step.id: "no" for step in steps}, FACTS).actions
    cut = [[action.steps[0].name for action in segment] for segment in segments(actions)]
    assert cut == [["a"], ["b", "c"], ["d"]]


def test_root_never_meets_the_agent() -> None:
    (action,) = plan(
        [Thing("a", run_as="root", needs_agent=True)], {"thing:a": "no"}, FACTS
    ).actions
    assert action.run_as == "login"


def test_equal_steps_become_one_with_the_tags_of_both() -> None:
    steps = declare([Thing("a", tags=("base",)), Thing("b"), Thing("a", tags=("node", "base"))])
    assert steps == (Thing("a", tags=("base", "node")), Thing("b"))


def test_steps_of_one_id_that_differ_are_refused_by_name() -> None:
    with pytest.raises(ContradictingSteps) as caught:
        declare([Thing("a", tags=("base",)), Thing("a", "no", tags=("node",))])
    assert str(caught.value) == (
        "`thing:a` is declared twice: first (tags: base), then again (tags: node), "
        "with another value.\n"
        "Remove one of the two declarations, or make them equal."
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Thing, Package, Source]), st.sampled_from("abcdef"), st.booleans()
        ),
        max_size=12,
    )
)
def test_every_pending_step_is_acted_on_exactly_once(
    drawn: list[tuple[type[Thing], str, bool]],
) -> None:
    steps = declare([kind(word) for kind, word, _ in drawn])
    states = {kind(word).id: "no" if pending else "yes" for kind, word, pending in drawn}
    actions = plan(steps, states, FACTS).actions
    acted = [step.id for action in actions for step in action.steps]
    assert sorted(acted) == sorted(step.id for step in steps if states[step.id] == "no")
    firsts = [action.steps[0].id for action in actions]
    order = [step.id for step in steps]
    assert firsts == sorted(firsts, key=order.index)


def test_tags_do_not_make_steps_differ() -> None:
    step = Thing("a")
    assert declare([step, replace(step, tags=("x",))])[0].tags == ("x",)
