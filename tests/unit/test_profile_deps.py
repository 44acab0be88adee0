"""The profile `deps`: which clones it looks at, and what it makes of what the machine says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from profiles.catalogue import load
from profiles.deps import PINS, PROGRAM, Dependencies
from profiles.guest import Guest, Repo
from provision import Facts, File, Step

FACTS = Facts("debian", "trixie", "13", "x86_64", "6", "dev", "/home/dev")
BLOG, SHOP = Repo("ssh://h/blog", "~/code/blog"), Repo("ssh://h/shop", "~/code/my shop")
GUEST = Guest(name="blog", repos=(BLOG, SHOP))


def steps_of(guest: Guest = GUEST, **options: object) -> tuple[Step, ...]:
    return load()["deps"].steps(options, guest)


def clones(steps: tuple[Step, ...]) -> list[str]:
    return [step.path for step in steps if isinstance(step, Dependencies)]


def test_every_clone_is_looked_at() -> None:
    assert clones(steps_of()) == ["~/code/blog", "~/code/my shop"]


def test_a_repo_can_be_left_out() -> None:
    guest = replace(GUEST, repos=(replace(BLOG, dependencies=False), SHOP))
    assert clones(steps_of(guest)) == ["~/code/my shop"]


def test_all_of_it_can_be_left_out() -> None:
    assert steps_of(install=False) == ()
    assert steps_of(replace(GUEST, repos=())) == ()


def test_install_scripts_meet_neither_root_nor_the_agent() -> None:
    steps = [step for step in steps_of() if isinstance(step, Dependencies)]
    assert {(step.run_as, step.needs_agent) for step in steps} == {("login", False)}


def test_a_clone_is_named_as_one_word_below_the_home() -> None:
    step = Dependencies("~/code/my shop")
    assert step.probe().startswith(f"{PROGRAM} --plan \"$HOME\"/'code/my shop' ")
    change = step.plan("npm ci", FACTS)
    assert change
    assert change.script == f"{PROGRAM} \"$HOME\"/'code/my shop'"


def test_nothing_outstanding_calls_for_no_change() -> None:
    assert Dependencies("~/code/blog").plan("", FACTS) is None


def test_the_summary_is_what_the_machine_says_will_be_done() -> None:
    change = Dependencies("~/code/blog").plan("npm ci\nuv sync --frozen", FACTS)
    assert change
    assert change.summary == "npm ci; uv sync --frozen"


def test_the_program_is_there_before_the_clones_are_looked_at() -> None:
    kinds = [step.kind for step in steps_of()]
    assert kinds.index("file") < kinds.index("dependencies")


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin.program)
def test_every_pinned_manager_is_known_to_the_program(pin: object) -> None:
    [program] = [step for step in steps_of() if isinstance(step, File)]
    assert f"={getattr(pin, 'version')}\n" in str(program.content)  # noqa: B009 - parametrized
