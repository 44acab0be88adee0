from __future__ import annotations

from dataclasses import replace

import pytest
from step_facts import FACTS

from nopal.update import Moved, Versions, moved, moving
from provision import Apt, AptUpgrade, Cargo, FirstOf, GoInstall, Npm, Step, UvTool
from provision.steps.program import Program

AGENT = Npm("@some/agent", "latest", tags=("agent",))
TOOL = UvTool("tool", "latest", tags=("tools",))
PINNED = Npm("pinned", "1.0.0", tags=("tools",))

# Each at `latest`, with a state in which 1.0.0 is installed.
INSTALLED: list[tuple[Program, str]] = [
    (AGENT, "1.0.0"),
    (TOOL, "uv tool tool-1.0.0.dist-info"),
    (Cargo("tool", "latest"), '{"installs":{"tool 1.0.0 (registry)":{"features":[]}}}'),
    (
        GoInstall("example.org/tool", "latest"),
        "path\texample.org/tool\nmod\texample.org/tool\t1.0.0",
    ),
]
kinds = pytest.mark.parametrize(("step", "state"), INSTALLED, ids=[s.kind for s, _ in INSTALLED])


@kinds
def test_the_latest_is_installed_where_there_is_none(step: Program, state: str) -> None:
    change = step.plan("", FACTS)
    assert change is not None
    assert change.is_provable


@kinds
def test_the_latest_is_left_alone_where_any_is_installed(step: Program, state: str) -> None:
    assert step.installed(state) == "1.0.0"
    assert step.plan(state, FACTS) is None


@kinds
def test_a_step_that_moves_asks_for_the_newest_of_what_is_there(step: Program, state: str) -> None:
    moves = replace(step, moves=True)
    change = moves.plan(state, FACTS)
    assert change is not None
    assert change.summary == f"bring {step.name} to its newest version, from 1.0.0"
    assert not change.is_provable
    assert moves.plan("", FACTS) is None


def test_npm_does_not_install_the_newest_once_more() -> None:
    change = replace(AGENT, moves=True).plan("1.0.0", FACTS)
    assert change is not None
    assert '[ "$nopal_newest" != 1.0.0 ] || exit 0' in change.script


def test_uv_is_told_to_upgrade_what_it_has_only_when_it_shall_move() -> None:
    state = "uv tool tool-1.0.0.dist-info"
    change = replace(TOOL, moves=True).plan(state, FACTS)
    assert change is not None
    assert "uv tool install --upgrade tool;" in change.script


@pytest.mark.parametrize("tag", ["next", "beta", "^1", "Latest"])
def test_no_other_name_stands_for_a_version(tag: str) -> None:
    with pytest.raises(ValueError, match="no npm package at an exact version"):
        Npm("agent", tag)


def test_what_moves_are_apts_packages_and_the_programs_at_latest() -> None:
    steps = (Apt("curl"), AGENT, PINNED)
    assert moved(steps) == (AptUpgrade(), Apt("curl"), replace(AGENT, moves=True), PINNED)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({"apt"}, (AptUpgrade(), AGENT, TOOL)),
        ({"agent"}, (replace(AGENT, moves=True), TOOL)),
        ({"agent", "tools"}, (replace(AGENT, moves=True), replace(TOOL, moves=True))),
    ],
    ids=["apt", "one profile", "two profiles"],
)
def test_a_part_can_be_chosen_by_profile(only: set[str], expected: tuple[Step, ...]) -> None:
    assert moved((AGENT, TOOL), only) == expected


def test_a_program_that_is_an_alternative_moves_on_its_own() -> None:
    either = FirstOf("tool", Apt("tool"), TOOL, tags=("tools",))
    assert moving([either], {"tools"}) == (TOOL,)
    assert moving([either], {"agent"}) == ()
    assert moved([either], {"tools"}) == (either, replace(TOOL, moves=True))


def test_packages_are_upgraded_by_new_lists_until_nothing_is_pending() -> None:
    assert AptUpgrade().plan("fresh", FACTS) is None
    for state in ("", "libc6", "fresh\nlibc6"):
        change = AptUpgrade().plan(state, FACTS)
        assert change is not None
        assert "\nnopal_refresh\n" in change.script
        assert change.script.endswith("upgrade --with-new-pkgs --no-install-recommends")


def test_what_moved_is_told_from_what_to_what() -> None:
    before = Versions({("apt", "a"): "1", ("npm", "b"): "1", ("apt", "c"): "1"}, False)
    after = Versions({("apt", "a"): "2", ("npm", "b"): "1", ("apt", "d"): "1"}, True)
    found = after.moved_since(before)
    assert [str(each) for each in found] == ["a 1 -> 2", "c 1 -> (gone)", "d (new) -> 1"]
    assert found[0] == Moved("apt", "a", "1", "2")
    assert after.moved_since(after) == ()
