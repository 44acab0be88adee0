from __future__ import annotations

from pathlib import Path

import pytest

from nopal.detach_hint import hint, take_hint
from nopal.workplace import folder, workplace


def test_a_project_is_worked_on_in_its_folder_and_under_the_agents_name() -> None:
    place = workplace("~/code/blog")
    assert (place.directory, place.before) == ("~/code/blog", "")
    assert place.session_name("claude") == "claude"


def test_each_branch_has_a_folder_beside_the_clone_and_a_session_of_its_own() -> None:
    place = workplace("~/code", "~/code/blog", branch="feature/log in")
    assert place.directory == "~/code/blog@feature-log in"
    assert place.session_name("claude") == "claude-feature-log-in"
    assert folder("~/code/blog", "fix") == "~/code/blog@fix"


def test_a_repo_that_was_named_is_part_of_the_sessions_name() -> None:
    place = workplace("~/code", "~/code/sub/blog.js", is_named=True, branch="fix")
    assert place.session_name("codex") == "codex-blog-js-fix"
    assert place.flags == " --repo blog.js --worktree fix"
    assert workplace("~/code", "~/code/blog", is_named=True).session_name("codex") == "codex-blog"


@pytest.mark.parametrize("branch", ["x" * 200, "é/ü", "a" * 24 + "/b"])
def test_a_sessions_name_is_one_that_tmux_takes(branch: str) -> None:
    from nopal.sessions import Session  # noqa: PLC0415

    name = workplace("~/code", "~/code/blog", branch=branch).session_name("claude")
    assert Session(name, "claude", "~/code").name == name


def test_nothing_of_a_branch_is_shell() -> None:
    script = workplace("~/code", "~/code/blog", branch="a'$(id)").before
    assert """branch='a'"'"'$(id)'""" in script
    assert """tree="$HOME"/'code/blog@a'"'"'$(id)'""" in script


def test_how_to_leave_a_session_is_told_once(tmp_path: Path) -> None:
    assert take_hint(tmp_path / "home", {}).startswith("Ctrl-b d ")
    assert take_hint(tmp_path / "home", {}) == ""


def test_within_a_tmux_of_ones_own_the_prefix_goes_through_that_one() -> None:
    assert hint("C-b").startswith("Ctrl-b twice, then d,")
    assert hint("C-a") == hint("")
