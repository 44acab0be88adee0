from __future__ import annotations

import pytest

from nopal.copying.names import why_refused


@pytest.mark.parametrize(
    "name", ["a", ".env", "é", "名前", "a b", "~", "$(x)", "a:b", "gitignore", ".gitignore", "CON"]
)
def test_names_that_people_give_are_taken(name: str) -> None:
    assert why_refused(name, takes_git=False) == ""


@pytest.mark.parametrize(
    "name",
    [
        "a\nb",
        "a\x1b[2J",
        "-rf",
        "a\u202egpj.exe",
        ".g\u200cit",
        "a\udcff",
        "a\u2028b",
        "a\\b",
        "\x7f",
        "é" * 128,
    ],
)
def test_names_that_programs_or_eyes_misread_are_not(name: str) -> None:
    assert why_refused(name, takes_git=True)


@pytest.mark.parametrize("name", [".git", ".GIT", ".Git"])
def test_a_repos_settings_are_taken_only_when_asked_for(name: str) -> None:
    assert "nopal fetch" in why_refused(name, takes_git=False)
    assert why_refused(name, takes_git=True) == ""
