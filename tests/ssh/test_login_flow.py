"""An agent's own login, run here and in a machine that is a folder of this computer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from nopal.login_flow import run_here, run_there
from nopal.standing import Standing
from profiles.login import Login

FILE = Login(
    title="a file",
    form=".*",
    variable="X",
    how="-",
    command=("robot", "login", "-c", 'store="file"'),
    folder_variable="ROBOT_HOME",
    leaves="auth.json",
)
ROBOT = """#!/bin/sh
[ "$3" = 'store="file"' ] || exit 9
ls -ld "$ROBOT_HOME" > "$ROBOT_LOG"
[ -z "$REFUSED" ] && printf '{\\n "tokens": "%s"}' "$ROBOT_HOME" > "$ROBOT_HOME/auth.json"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "robot").write_text(ROBOT)
    (tmp_path / "robot").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "ROBOT_LOG": str(tmp_path / "log")}


@dataclass
class Machine:
    """As much of a standing as a login needs."""

    environ: dict[str, str]

    def attach(self, script: str, *, tty: bool) -> int:
        assert tty
        # The login shell of the test's own computer must not set another PATH.
        script = script.replace("bash -lc", "bash -c")
        return subprocess.run(["sh", "-c", script], env=self.environ, check=False).returncode

    def ask(self, script: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            ["sh", "-c", script], env=self.environ, capture_output=True, text=True, check=False
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()


def in_machine(environ: dict[str, str]) -> str:
    return run_there(FILE, cast("Standing", Machine(environ)))


@pytest.fixture(params=["here", "in a machine"])
def login(request: pytest.FixtureRequest, environ: dict[str, str]) -> Callable[[], str]:
    if request.param == "here":
        return lambda: run_here(FILE, environ)
    return lambda: in_machine(environ)


def test_what_it_leaves_is_taken_and_nothing_of_it_stays(
    login: Callable[[], str], environ: dict[str, str]
) -> None:
    text = login()
    folder = text.split('"')[3]
    assert text == f'{{\n "tokens": "{folder}"}}'
    assert Path(environ["ROBOT_LOG"]).read_text().startswith("drwx------")
    assert not Path(folder).exists()


def test_a_login_that_was_called_off_leaves_nothing(
    login: Callable[[], str], environ: dict[str, str]
) -> None:
    environ["REFUSED"] = "yes"
    assert login() == ""


def test_without_the_program_here_nothing_is_run(tmp_path: Path) -> None:
    missing = Login(title="-", form="-", variable="X", how="-", command=("no-such-robot",))
    assert run_here(missing, {}) == ""
