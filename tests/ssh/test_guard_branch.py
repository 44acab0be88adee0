"""Branch names, compared with what the real git takes."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.repo_url import BranchRefused, check_branch

PIECES = [*"aB9/.-_@{}~^:?*[\\ ", "\x7f", "\t", ".lock", "é", "HEAD", ".."]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_branch_is_let_through_that_git_would_refuse(branch: str) -> None:
    with suppress(BranchRefused):
        check_branch(branch)
        argv = ["git", "check-ref-format", "--branch", branch]
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 0
