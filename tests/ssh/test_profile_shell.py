"""The shell in the built-in profiles: read by shellcheck, and by the shells it is for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from profiles.catalogue import load
from profiles.guest import Guest
from provision import Check, Command, File, FirstOf, Step

GUEST = Guest(name="blog", timezone="Europe/Berlin", locale="de_DE.UTF-8", git_email="a@x")


def scripts() -> dict[str, str]:
    found: dict[str, str] = {}

    def add(step: Step) -> None:
        if isinstance(step, FirstOf):
            for each in step.steps:
                add(each)
        if isinstance(step, Command | Check):
            found[step.id] = step.script
        if isinstance(step, Command) and step.unless:
            found[f"{step.id} unless"] = step.unless

    for profile in load().values():
        for step in profile.steps({}, GUEST):
            add(step)
    return found


SCRIPTS = scripts()


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_no_fault(name: str) -> None:
    # Commands run under `set -e`, which the engine adds.
    seen = subprocess.run(
        ["shellcheck", "--shell=sh", "--severity=warning", "-"],
        input=f"set -e\n{SCRIPTS[name]}\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert seen.stdout == ""


NASTY = "a 'b' \"c\" $HOME `id` \\n ; # é"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_variable_reaches_every_shell_as_it_was_written(shell: str, tmp_path: Path) -> None:
    steps = load()["base"].steps({"environment": {"NASTY": NASTY}}, GUEST)
    [text] = [
        step.content
        for step in steps
        if isinstance(step, File) and step.path == "/etc/nopal/environment.sh"
    ]
    script = tmp_path / "environment.sh"
    script.write_text(str(text), encoding="utf-8")
    seen = subprocess.run(
        [shell, "-euc", f'HOME=/h; . {script}; printf "%s\\n" "$NASTY" "$PATH"'],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert seen.stdout.splitlines() == [NASTY, "/h/.local/bin:/usr/bin:/usr/local/bin"]
