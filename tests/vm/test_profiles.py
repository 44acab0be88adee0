"""The profile catalogue in a real machine: each profile is installed, proves itself and rests.

Emulated, that is half an hour and more: `pytest -m slow`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from person import Person

from profiles.catalogue import BUILT_IN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * 3600)]

NAME = "tools"
OF_REPOS = ("repos", "deps", "devcontainer", "dotfiles")
"""Nothing without a repo: the main job has some."""
FROM_GITHUB_ALONE = ("fly", "aider")
"""What no package registry has, or needs a Python that none has."""
INSTALLED = tuple(name for name in BUILT_IN if name not in {*OF_REPOS, *FROM_GITHUB_ALONE})


@pytest.fixture(scope="module")
def person(place: Path) -> Iterator[Person]:
    """Somebody whose machine has everything that can be had here."""
    person = Person(place / "tom")
    person.projects_file.parent.mkdir(parents=True)
    names = ", ".join(f'"{name}"' for name in INSTALLED)
    person.projects_file.write_text(
        f"""
[projects.{NAME}]
cpus = 2
memory = "4GiB"
disk = "24GiB"
ports = "none"
signing = false
profiles = [{names}]
skills = ["~/skills"]

[projects.{NAME}.options.claude]
sandbox = true
"""
    )
    skill = person.home / "skills/tidy/SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("Tidy up.\n")
    person.inv("up", "--yes", f"--project={NAME}")
    yield person
    person.inv("destroy", "--yes", "-p", NAME, status=None)


@pytest.mark.parametrize("profile", INSTALLED)
def test_a_profile_proves_itself(profile: str, person: Person) -> None:
    assert person.inv(f"{profile}.verify", "-p", NAME).out == ""


def test_a_skill_of_the_person_is_there_to_be_read_only(person: Person) -> None:
    read = "cat ~/.claude/skills/tidy/SKILL.md ~/.agents/skills/tidy/SKILL.md"
    assert person.inv("run", read, "-p", NAME).out == "Tidy up.\n" * 2
    person.inv("run", "echo x > ~/.claude/skills/tidy/SKILL.md", "-p", NAME, status=1)


def test_with_all_of_them_nothing_is_left_to_do(person: Person) -> None:
    told = person.inv("up", "-p", NAME)
    assert re.search(r"tools: up: (\d+) steps: \1 ok; 1 exec\n", told.err), told.err


@pytest.mark.parametrize("profile", FROM_GITHUB_ALONE)
def test_what_cannot_be_reached_is_named(profile: str, person: Person) -> None:
    told = person.inv(f"{profile}.install", "-p", NAME, status=None)
    if told.status == 0:
        person.inv(f"{profile}.verify", "-p", NAME)
    else:
        assert "github.com" in told.err


def test_programs_are_found_by_every_kind_of_shell(person: Person) -> None:
    programs = "node go cargo java uv psql rg eza claude"
    # One by one: dash looks for the first name only.
    asked = f"for name in {programs}; do command -v $name >/dev/null || echo no $name; done"
    for shell in ("sh -c", "bash -lc", "bash -ic"):
        lacking = person.inv("run", f"{shell} '{asked}; echo asked' 2>/dev/null", "-p", NAME).out
        assert lacking.splitlines()[-1:] == ["asked"], f"{shell}: {lacking}"
        assert "no " not in lacking, f"{shell}: {lacking}"
