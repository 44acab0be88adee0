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


def ready(home: Path, key: str) -> dict[str, object]:
    """Run what comes before Claude; return what it leaves of Claude's own file."""
    state = home / ".claude.json"
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "ANTHROPIC_API_KEY": key}
    subprocess.run(
        ["sh", "-c", read_data("claude-ready.sh")], env=environ, capture_output=True, check=True
    )
    assert [path.name for path in home.iterdir()] == [".claude.json"]
    found: dict[str, object] = json.loads(state.read_text())
    return found


def test_an_api_key_that_the_machine_has_is_not_asked_about(tmp_path: Path) -> None:
    state = tmp_path / ".claude.json"
    state.write_text('{"theme": "dark"}')
    assert ready(tmp_path, "") == {"theme": "dark"}
    key, end = f"sk-ant-api03-{'x' * 60}-{'é' * 2}{'y' * 18}", f"{'é' * 2}{'y' * 18}"
    approved = {"theme": "dark", "customApiKeyResponses": {"approved": [end], "rejected": []}}
    assert ready(tmp_path, key) == approved
    assert state.stat().st_mode & 0o777 == 0o600
    before = state.stat().st_ino
    assert ready(tmp_path, key) == approved
    assert state.stat().st_ino == before


def test_a_no_from_before_is_taken_back_and_other_answers_stay(tmp_path: Path) -> None:
    had = {"approved": ["a"], "rejected": ["b", "k" * 20]}
    (tmp_path / ".claude.json").write_text(json.dumps({"customApiKeyResponses": had}))
    answers = ready(tmp_path, "k" * 90)["customApiKeyResponses"]
    assert answers == {"approved": ["a", "k" * 20], "rejected": ["b"]}


def test_a_file_that_cannot_be_read_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".claude.json").write_text("{broken")
    with pytest.raises(json.JSONDecodeError):
        ready(tmp_path, "k" * 90)
    assert (tmp_path / ".claude.json").read_text() == "{broken"
