"""The profiles that come with nopal, and the order in which profiles are applied.

What `inv --list` shows of the built-in ones stands here once more, so that listing imports none of
their modules; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .profile import Profile

if TYPE_CHECKING:
    from provision.step import Step

    from .agent import Agent
    from .guest import Guest
    from .login import Login
    from .pin import Pin

SUMMARIES = {
    "base": "Common tools, time zone, locale, shell, tmux, a word to the agents.",
    "git": "Git with your identity, signed commits and tags, pinned forges.",
    "docker": "Docker Engine, buildx and compose, usable without sudo.",
    "node": "Node.js 24 with npm and corepack.",
    "claude": "Claude Code at a pinned version, with no first-run question.",
    "codex": "Codex CLI at a pinned version, with no first-run question but the login.",
    "gh": "GitHub's command line, from GitHub's own release.",
    "python": "Python with uv, of the distribution or pinned.",
    "go": "Go 1.27, with a C compiler for cgo.",
    "rust": "Rust with cargo, clippy and rustfmt, by rustup.",
    "java": "OpenJDK of the distribution, chosen for `java` and JAVA_HOME.",
    "direnv": "Per-folder environments from `.envrc` files that you allow.",
    "playwright": "Playwright with the libraries its browsers need, and Chromium.",
    "cypress": "What Cypress needs of the system, with browsers by option.",
    "postgres": "PostgreSQL server on loopback, with a role and a database for the user.",
    "redis": "Redis or Valkey server on loopback.",
    "supabase": "Supabase's command line at a pinned version.",
    "fly": "Fly.io's command line, from Fly's own release.",
    "modern": "Today's programs for the shell: fd, bat, eza, fzf, zoxide, delta, yq, lazygit.",
    "shell": "A prompt that names the machine, history, completion, hooks.",
    "dotfiles": "Your dotfiles, cloned and installed once for each commit.",
    "opencode": "Opencode at a pinned version, with no first-run question but the login.",
    "gemini": "Gemini CLI at a pinned version, with no first-run question but the login.",
    "aider": "Aider at a pinned version, with no first-run question but the login.",
    "autostart": "Agents' sessions begin again when the machine boots.",
    "repos": "The project's repositories, cloned into ~/code.",
    "mise": "Tools at the versions that the project's repos name.",
    "deps": "The dependencies that the project's repos pin, by their own package managers.",
    "devcontainer": "The commands of a devcontainer.json that run once its repo has been cloned.",
}
"""Each is a module of this room that holds a profile of the same name."""
REQUIRES = {
    "claude": ("node",),
    "codex": ("node",),
    "playwright": ("node",),
    "cypress": ("node",),
    "supabase": ("docker", "node"),
    "dotfiles": ("git",),
    "opencode": ("node",),
    "gemini": ("node",),
    "aider": ("python",),
    "repos": ("git",),
    "deps": ("repos",),
    "devcontainer": ("deps",),
}
AGENTS = {
    "claude": "Claude Code",
    "codex": "Codex",
    "opencode": "opencode",
    "gemini": "Gemini",
    "aider": "aider",
}
"""The profiles of coding agents, and what people call these."""
BUILT_IN = tuple(SUMMARIES)
WITH_REPOS = ("repos", "deps")
"""Named or not, every project with repos has these."""
LAST = ("repos", "mise", "deps", "devcontainer")
"""These come at the end and in this order: what a clone names is known once the clone is there, and
its tools install its dependencies."""
NOT_IN_GOLDENS = frozenset({"postgres", "dotfiles", "autostart", "repos", "deps", "devcontainer"})
"""What belongs to one project, or makes something that two machines must not share."""


class BuiltIn(Profile):
    """A profile of this room; its module is imported when steps or options are asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _nothing,
            name=name,
            requires=REQUIRES.get(name, ()),
            doc=SUMMARIES[name],
            golden=name not in NOT_IN_GOLDENS,
        )

    @property
    def loaded(self) -> Profile:
        """The profile that the module holds."""
        found = getattr(import_module(f".{self.label}", __package__), self.label)
        if not isinstance(found, Profile):
            raise TypeError(self.label)
        return found

    @property
    def agent(self) -> Agent | None:
        """See Profile."""
        return self.loaded.agent if self.label in AGENTS else None

    @property
    def options_type(self) -> type | None:
        """See Profile."""
        return self.loaded.options_type

    @property
    def pins(self) -> tuple[Pin, ...]:
        """See Profile."""
        return self.loaded.pins

    @property
    def logins(self) -> tuple[Login, ...]:
        """See Profile."""
        return self.loaded.logins

    def steps(self, options: Mapping[str, object], guest: Guest) -> tuple[Step, ...]:
        """See Profile."""
        return self.loaded.steps(options, guest)

    def read_options(self, mapping: Mapping[str, object]) -> Any:
        """See Profile."""
        return self.loaded.read_options(mapping)


def _nothing() -> Iterable[Step]:
    return ()


def load() -> dict[str, Profile]:
    """Return the built-in profiles by name."""
    return {name: BuiltIn(name) for name in BUILT_IN}


def resolve(
    names: Iterable[str], catalogue: Mapping[str, Profile], *, has_repos: bool = False
) -> tuple[Profile, ...]:
    """Return the named profiles and all they require, each after what it requires.

    `base` comes first whether named or not, `repos` and `deps` last where the project has repos,
    `mise` between them where it is named; otherwise the order is the one of `names`.

    Raises:
        UnknownProfile: a name that is not in `catalogue`.
        ProfileCycle: profiles that require each other.
    """
    from .errors import ProfileCycle, UnknownProfile  # noqa: PLC0415

    named = list(names)
    wanted = ["base", *(name for name in named if name not in LAST)]
    wanted += [name for name in LAST if name in named or (has_repos and name in WITH_REPOS)]
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
