"""The status line's program and the guard of a plugin, in a real sh with a real jq."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from profiles.claude_extras import install_plugins
from profiles.data import read_data
from provision import Command

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def line(home: Path, told: str) -> str:
    return subprocess.run(
        ["sh", "-c", read_data("claude-status.sh")],
        input=told,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_status_line_tells_machine_folder_branch_and_model(tmp_path: Path) -> None:
    clone = tmp_path / "code/blog"
    subprocess.run(["git", "init", "-q", "-b", "fix/cart", str(clone)], check=True)
    told = {"workspace": {"current_dir": str(clone)}, "model": {"display_name": "Opus 5"}}
    host = subprocess.run(["uname", "-n"], capture_output=True, text=True, check=True).stdout
    assert line(tmp_path, json.dumps(told)) == (
        f"{host.strip().removeprefix('lima-')}  ~/code/blog (fix/cart)  Opus 5\n"
    )


@pytest.mark.parametrize("told", ["", "{}", "nonsense"])
def test_the_status_line_is_a_line_whatever_claude_tells(tmp_path: Path, told: str) -> None:
    assert line(tmp_path, told).count("\n") == 1


@pytest.mark.parametrize(
    ("plugin", "installed", "is_there"),
    [
        ("tidy@ann/market", ["tidy@anns-market"], True),
        ("tidy@ann/market", ["tidy-up@anns-market"], False),
        ("tidy@market", ["tidy@market"], True),
        ("tidy@market", ["tidy@other"], False),
        ("tidy@market", [], False),
    ],
)
def test_a_plugin_that_is_there_is_not_installed_again(
    tmp_path: Path, plugin: str, installed: list[str], is_there: bool
) -> None:
    folder = tmp_path / ".claude/plugins"
    folder.mkdir(parents=True)
    found = {"version": 2, "plugins": {name: [{}] for name in installed}}
    (folder / "installed_plugins.json").write_text(json.dumps(found))
    [step] = install_plugins([plugin])
    assert isinstance(step, Command)
    done = subprocess.run(
        ["sh", "-c", step.unless],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode == 0) is is_there
