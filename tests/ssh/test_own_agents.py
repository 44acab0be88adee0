"""The manual's agent of one's own, in a repo's `tasks.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
INV = Path(sys.executable).parent / "inv"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    manual = (CHECKOUT / "docs/manual.md").read_text()
    section = manual.partition("\n### An agent of your own\n")[2]
    [example] = re.findall(r"```python\n(.*?)```", section.partition("\n### ")[0], re.DOTALL)
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "tasks.py").write_text(example)
    return folder


def inv(repo: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(repo.parent),
        "PYTHONPATH": str(CHECKOUT),
        "NOPAL_HOME": str(repo.parent / "state"),
    }
    return subprocess.run(
        [str(INV), *words], cwd=repo, env=environ, capture_output=True, text=True, check=False
    )


def test_it_has_a_verb_with_the_flags_of_all_agents(repo: Path) -> None:
    told = inv(repo, "goose", "--help")
    assert told.returncode == 0, told.stderr
    assert "Stand in Goose in the machine" in told.stdout
    assert {"--prompt", "--worktree", "--continue"} <= set(re.findall(r"--\w+", told.stdout))
    assert "goose.install" in inv(repo, "--list").stdout


def test_what_it_has_no_words_for_is_said_before_anything_starts(repo: Path) -> None:
    told = inv(repo, "agent", "goose", "--resume", "7f")
    assert told.returncode == 2
    assert told.stderr.startswith("goose has nothing for --resume.")


def test_an_agent_that_is_none_is_told_with_those_that_are(repo: Path) -> None:
    told = inv(repo, "agent", "docker")
    assert told.returncode == 2
    assert "aider, claude, codex, gemini, goose, opencode" in told.stderr


def test_no_machine_means_no_sessions_and_nothing_to_wait_for(repo: Path) -> None:
    listed = inv(repo, "ps", "--json")
    assert (listed.returncode, listed.stdout) == (0, "[]\n")
    assert inv(repo, "wait", "claude").returncode == 2
    assert inv(repo, "wait", "claude", "--timeout", "soon").returncode == 2


def test_the_desktop_is_told_of_changes_and_so_only_while_one_watches(repo: Path) -> None:
    told = inv(repo, "ps", "--notify")
    assert told.returncode == 2
    assert "--watch" in told.stderr
