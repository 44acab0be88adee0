"""The built-in profiles, and the order in which profiles are applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from profiles.catalogue import BUILT_IN, BuiltIn, load, resolve
from profiles.errors import ProfileCycle, UnknownProfile
from profiles.profile import Profile
from provision.step import Step


def a_profile(name: str, *requires: str) -> Profile:
    def declare() -> Iterator[Step]:
        yield from ()

    return Profile(declare, name=name, requires=requires)


def a_catalogue(*profiles: Profile) -> dict[str, Profile]:
    built_in = ("base",), ("git",), ("repos", "git"), ("deps", "repos")
    everything = (*(a_profile(*names) for names in built_in), *profiles)
    return {profile.label: profile for profile in everything}


def order(*names: str, catalogue: dict[str, Profile], has_repos: bool = False) -> list[str]:
    return [profile.label for profile in resolve(names, catalogue, has_repos=has_repos)]


def test_the_catalogue_says_of_each_profile_what_its_module_says() -> None:
    found = load()
    assert tuple(found) == BUILT_IN
    for profile in found.values():
        assert isinstance(profile, BuiltIn)
        module_says = profile.loaded
        assert (profile.label, profile.summary, profile.requires) == (
            module_says.label,
            module_says.summary,
            module_says.requires,
        )


def test_base_comes_first_without_being_named() -> None:
    assert order(catalogue=a_catalogue()) == ["base"]


def test_base_comes_first_wherever_it_is_named() -> None:
    assert order("git", "base", catalogue=a_catalogue()) == ["base", "git"]


def test_what_a_profile_requires_comes_before_it() -> None:
    catalogue = a_catalogue(a_profile("app", "db"), a_profile("db", "disk"), a_profile("disk"))
    assert order("app", catalogue=catalogue) == ["base", "disk", "db", "app"]


def test_profiles_that_do_not_depend_on_each_other_keep_the_order_of_their_names() -> None:
    catalogue = a_catalogue(a_profile("zsh"), a_profile("ack"))
    assert order("zsh", "ack", catalogue=catalogue) == ["base", "zsh", "ack"]


def test_a_profile_that_is_named_twice_comes_once() -> None:
    assert order("git", "git", catalogue=a_catalogue()) == ["base", "git"]


def test_repositories_are_cloned_last_and_their_dependencies_after_them() -> None:
    catalogue = a_catalogue(a_profile("app"))
    expected = ["base", "app", "git", "repos", "deps"]
    assert order("app", catalogue=catalogue, has_repos=True) == expected
    assert order("deps", "app", catalogue=catalogue) == expected


def test_repos_comes_last_wherever_it_is_named() -> None:
    catalogue = a_catalogue(a_profile("app"))
    assert order("repos", "app", catalogue=catalogue) == ["base", "app", "git", "repos"]


def test_an_unknown_profile_is_named_with_its_nearest_neighbour() -> None:
    with pytest.raises(UnknownProfile) as caught:
        order("dokcer", catalogue=a_catalogue(a_profile("docker")))
    assert caught.value.name == "dokcer"
    assert "Did you mean `docker`?" in str(caught.value)


def test_an_unknown_requirement_names_who_requires_it() -> None:
    with pytest.raises(UnknownProfile) as caught:
        order("app", catalogue=a_catalogue(a_profile("app", "dokcer")))
    assert caught.value.wanted_by == "app"
    assert "which `app` requires" in str(caught.value)


def test_profiles_that_require_each_other_are_refused_with_the_way_round() -> None:
    catalogue = a_catalogue(a_profile("a", "b"), a_profile("b", "c"), a_profile("c", "b"))
    with pytest.raises(ProfileCycle) as caught:
        order("a", catalogue=catalogue)
    assert caught.value.names == ("b", "c", "b")


@pytest.mark.parametrize("name", ["../base", "/etc/passwd", "base.py", "os"])
def test_a_name_is_never_a_path_or_a_module(name: str) -> None:
    with pytest.raises(UnknownProfile):
        resolve([name], load())
