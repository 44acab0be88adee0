"""How the errors of the room read."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import GuardError, printable
from guard.git_identity import GitConfigUnreadable
from guard.repo_fault import RepoFault
from guard.ssh_agent import AgentUnreachable


@pytest.mark.parametrize(
    "error",
    [
        AgentUnreachable(Path("/a"), "gone"),
        GitConfigUnreadable("this user", "bad\nline"),
        RepoFault("git@h:a/b", "no such repo", "not found", "Check it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_has_at_most_three_lines(error: GuardError) -> None:
    assert str(error).count("\n") <= 2


def test_foreign_text_is_shown_without_anything_that_moves_the_cursor() -> None:
    assert printable("a\x1b[2Jb\r\nc\u202ed\x00") == "a [2Jb c d"
    assert len(printable("x" * 1000)) == 200
