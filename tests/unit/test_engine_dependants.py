"""Which steps a failed one keeps from being tried."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from engine_samples import Thing

from provision.dependants import Dependants
from provision.step import Step

REQUIRES = {"node": (), "claude": ("node",), "team": ("claude",), "gh": ()}


def kept(
    *steps: Step, failed: tuple[str, ...], requires: Mapping[str, tuple[str, ...]] | None = REQUIRES
) -> dict[str, str]:
    """Return why, by name, for the steps that are kept from being tried."""
    dependants = Dependants(steps, requires)
    ids = [f"thing:{name}" for name in failed]
    causes = {step.name: dependants.cause(step, ids) for step in steps if step.id not in ids}
    return {name: cause.removeprefix("thing:") for name, cause in causes.items() if cause}


def of(name: str, *tags: str) -> Step:
    return Thing(name, tags=tags)


NODE, NPM, CLAUDE, TEAM, GH = (
    of("node", "node"),
    of("npm", "node"),
    of("claude", "claude"),
    of("team", "team"),
    of("gh", "gh"),
)


def test_nothing_is_kept_while_nothing_failed() -> None:
    assert kept(NODE, NPM, CLAUDE, failed=()) == {}
    assert kept(NODE, NPM, failed=(), requires=None) == {}


def test_without_groups_the_first_failure_keeps_all_the_rest() -> None:
    assert kept(NODE, GH, TEAM, failed=("gh", "node"), requires=None) == {"team": "gh"}


def test_a_failure_keeps_later_steps_of_its_group_and_what_requires_it_at_any_remove() -> None:
    assert kept(NODE, NPM, CLAUDE, TEAM, GH, failed=("node",)) == dict.fromkeys(
        ["npm", "claude", "team"], "node"
    )


def test_a_failure_keeps_no_earlier_step_and_nothing_that_its_group_requires() -> None:
    assert kept(NODE, NPM, CLAUDE, failed=("npm",)) == {"claude": "npm"}
    assert kept(NODE, CLAUDE, NPM, failed=("claude",)) == {}


def test_a_step_of_two_groups_is_tried_while_one_of_them_can_do_without_what_failed() -> None:
    both = of("curl", "node", "gh")
    assert kept(NODE, GH, both, failed=("node",)) == {}
    assert kept(NODE, GH, both, failed=("gh", "node")) == {"curl": "gh"}


def test_a_failed_step_of_two_groups_keeps_back_both() -> None:
    both = of("curl", "node", "gh")
    assert kept(both, CLAUDE, GH, failed=("curl",)) == {"claude": "curl", "gh": "curl"}


@pytest.mark.parametrize("step", [of("plain"), of("tagged", "web")], ids=["no tag", "no group"])
def test_what_belongs_to_no_group_depends_on_nothing_and_nothing_on_it(step: Step) -> None:
    assert kept(NODE, step, failed=("node",)) == {}
    assert kept(step, NODE, of("other", "web"), failed=(step.name,)) == {}


def test_groups_that_require_each_other_or_what_is_not_there_are_no_trouble() -> None:
    circle = {"node": ("claude",), "claude": ("node", "absent")}
    assert kept(NODE, CLAUDE, GH, failed=("node",), requires=circle) == {"claude": "node"}
