"""A function becomes a profile: options, guest, steps, tasks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import msgspec
import pytest
from invoke import Collection, Config, Context, Exit

from profiles.errors import NotAProfile, ProfileError, StepRefused, UnknownOption, WrongOption
from profiles.guest import Guest
from profiles.profile import Profile, profile
from provision.step import Step
from provision.steps.apt import Apt
from provision.steps.first_of import FirstOf


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str = "17"
    ports: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.version == "9":
            raise ValueError("9 is too old")


GUEST = Guest(name="blog", user="ann")


@profile(requires=["docker"])
def postgres(options: Options, guest: Guest) -> Iterator[Step]:
    """PostgreSQL client.

    And more that is not the summary.
    """
    yield Apt(f"postgresql-client-{options.version}")
    yield Apt(f"for-{guest.user}")


@profile
def bare() -> Iterator[Step]:
    """Takes nothing."""
    yield FirstOf("either", Apt("mawk"), Apt("gawk"))


@profile(name="any_options")
def loose(options: Mapping[str, object]) -> Iterator[Step]:
    """Takes any option."""
    yield Apt(str(options["package"]))


@profile
def broken() -> Iterator[Any]:
    """Yields a string."""
    yield "curl"


@profile
def for_guest(guest: Guest) -> Iterator[Step]:
    """Takes the guest alone."""
    yield Apt(guest.name)


def test_a_profile_has_the_name_summary_and_needs_that_its_function_states() -> None:
    assert (postgres.name, postgres.summary, postgres.requires) == (
        "postgres",
        "PostgreSQL client.",
        ("docker",),
    )


def test_underscores_in_a_name_become_dashes_as_invoke_shows_them() -> None:
    assert (loose.name, for_guest.name) == ("any-options", "for-guest")


def test_options_and_guest_reach_the_function() -> None:
    steps = postgres.steps({"version": "16"}, GUEST)
    assert [step.id for step in steps] == ["apt:postgresql-client-16", "apt:for-ann"]


def test_an_option_that_is_not_given_has_its_default() -> None:
    assert postgres.read_options({}) == Options()


def test_a_profile_may_take_the_guest_alone() -> None:
    assert [step.id for step in for_guest.steps({}, GUEST)] == ["apt:blog"]


def test_a_profile_without_a_type_for_its_options_gets_a_mapping() -> None:
    assert [step.id for step in loose.steps({"package": "jq"}, GUEST)] == ["apt:jq"]


def test_each_step_is_tagged_with_the_profile_whatever_its_constructor() -> None:
    steps = (*bare.steps({}, GUEST), *postgres.steps({}, GUEST))
    assert [step.tags for step in steps] == [("bare",), ("postgres",), ("postgres",)]


def test_an_unknown_option_is_refused_with_its_nearest_neighbour() -> None:
    with pytest.raises(UnknownOption) as caught:
        postgres.read_options({"verison": "16"})
    assert (caught.value.profile, caught.value.key) == ("postgres", "verison")
    assert caught.value.allowed == ("version", "ports")
    assert "Did you mean `version`?" in str(caught.value)


def test_a_profile_without_options_refuses_any() -> None:
    with pytest.raises(UnknownOption, match="takes no options, but got `version`"):
        bare.read_options({"version": "16"})


@pytest.mark.parametrize(
    ("options", "key", "found"),
    [
        ({"version": 16}, "version", 16),
        ({"ports": [80, "http"]}, "ports", [80, "http"]),
        ({"version": "9"}, "", {"version": "9"}),
    ],
    ids=["type", "element", "value"],
)
def test_a_wrong_option_is_refused_with_its_key(
    options: dict[str, object], key: str, found: object
) -> None:
    with pytest.raises(WrongOption) as caught:
        postgres.read_options(options)
    assert (caught.value.profile, caught.value.key, caught.value.found) == ("postgres", key, found)


def test_a_wrong_option_says_what_is_expected() -> None:
    with pytest.raises(WrongOption) as caught:
        postgres.read_options({"version": 16})
    assert str(caught.value) == (
        "Option `version` of profile `postgres` cannot be 16: expected `str`, got `int`."
    )


def test_what_is_yielded_has_to_be_a_step() -> None:
    with pytest.raises(NotAProfile, match="`broken` is no profile: it yields 'curl'"):
        broken.steps({}, GUEST)


def test_a_step_that_cannot_be_made_is_an_error_of_the_profile() -> None:
    with pytest.raises(StepRefused, match="Profile `any-options` cannot be declared"):
        loose.steps({"package": "--allow-downgrades"}, GUEST)


def test_a_function_with_unknown_parameters_cannot_be_a_profile() -> None:
    def odd(options: object, guest: Guest, more: int) -> Iterator[Step]:
        yield Apt("curl")

    with pytest.raises(NotAProfile, match="not `options` and `guest`"):
        profile(odd)


def test_every_error_fits_on_three_lines() -> None:
    errors: list[ProfileError] = []
    for options in ({"verison": "16"}, {"version": 16}):
        with pytest.raises(ProfileError) as caught:
            postgres.read_options(options)
        errors.append(caught.value)
    assert all(len(str(error).splitlines()) <= 3 for error in errors)


def module_of_a_repo() -> ModuleType:
    module = ModuleType("tasks")
    module.ns = Collection()  # type: ignore[attr-defined]
    module.ns.add_collection(postgres)
    return module


def test_a_profile_survives_the_deep_copy_of_a_loaded_collection() -> None:
    loaded = Collection.from_module(module_of_a_repo())
    found = copy.deepcopy(loaded).collections["postgres"]
    assert isinstance(found, Profile)
    assert next(step.id for step in found.steps({}, GUEST)) == "apt:postgresql-client-17"


def test_a_profile_has_three_tasks_that_invoke_finds() -> None:
    loaded = Collection.from_module(module_of_a_repo())
    assert sorted(loaded.task_names) == ["postgres.install", "postgres.plan", "postgres.verify"]


def test_a_task_says_what_it_does_on_one_line() -> None:
    assert [postgres[verb].__doc__ for verb in ("install", "plan", "verify")] == [
        "PostgreSQL client.",
        "Show what `postgres.install` would change.",
        "Check that `postgres` works; change nothing.",
    ]


@pytest.mark.parametrize("verb", ["install", "plan", "verify"])
def test_a_task_hands_itself_to_what_nopal_left_in_the_configuration(verb: str) -> None:
    calls: list[tuple[object, ...]] = []
    root = Collection.from_module(module_of_a_repo())
    root.configure({"nopal": {"run_profile": lambda *call: calls.append(call)}})
    config = Config(overrides=root.configuration())
    context = Context(config)
    root[f"postgres.{verb}"](context, project="blog")
    assert calls == [(context, postgres, verb, "blog")]


def test_a_task_without_nopal_ends_with_a_hint() -> None:
    with pytest.raises(Exit, match="from nopal import ns"):
        postgres["plan"](Context(), project="")
