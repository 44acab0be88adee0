"""The profiles that come with nopal, and the order in which profiles are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from .errors import ProfileCycle, UnknownProfile
from .profile import Profile

BUILT_IN = ("base", "git", "docker", "node", "claude", "codex", "gh", "repos")
"""Each is a module of this room that holds a profile of the same name."""


def load() -> dict[str, Profile]:
    """Return the built-in profiles by name."""
    return {name: getattr(import_module(f".{name}", __package__), name) for name in BUILT_IN}


def resolve(
    names: Iterable[str], catalogue: Mapping[str, Profile], *, has_repos: bool = False
) -> tuple[Profile, ...]:
    """Return the named profiles and all they require, each after what it requires.

    `base` comes first whether named or not, `repos` last where the project has any; otherwise the
    order is the one of `names`.

    Raises:
        UnknownProfile: a name that is not in `catalogue`.
        ProfileCycle: profiles that require each other.
    """
    named = list(names)
    wanted = ["base", *(name for name in named if name != "repos")]
    if has_repos or "repos" in named:
        wanted.append("repos")
    ordered: dict[str, Profile] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in ordered:
            return
        if name in path:
            raise ProfileCycle((*path[path.index(name) :], name))
        if name not in catalogue:
            raise UnknownProfile(name, tuple(catalogue), path[-1] if path else "")
        for required in catalogue[name].requires:
            add(required, (*path, name))
        ordered[name] = catalogue[name]

    for name in wanted:
        add(name, ())
    return tuple(ordered.values())
