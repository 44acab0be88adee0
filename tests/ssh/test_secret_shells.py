"""Secrets as a machine gets them, read by the shells and languages that are installed here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from awkward import AWKWARD

from guard.secrets.secret import Secret
from nopal.secret_delivery import PLACE, RECEIVE
from nopal.secret_files import Sets, render
from profiles.data import read_data

PRINT_ALL = (
    "import json, os, sys;"
    "json.dump({k: v for k, v in os.environ.items() if k in sys.argv[1:]}, sys.stdout)"
)


@dataclass(frozen=True)
class Home:
    """A login user's home, and a folder in place of the one in /run."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def hook(self) -> Path:
        return self.root / "secrets.sh"

    @property
    def fish_hook(self) -> Path:
        return self.root / "secrets.fish"

    def give(self, sets: Sets, mark: str = "one") -> None:
        self.receive(render(sets, mark))

    def receive(self, files: Mapping[str, str]) -> None:
        subprocess.run(
            [sys.executable, "-c", RECEIVE, self.secrets],
            input=json.dumps(files) + "\n",
            text=True,
            check=True,
        )

    def environment(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.root), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more}

    def run(self, *argv: str | Path, cwd: Path | None = None, **more: str) -> str:
        done = subprocess.run(
            argv,
            env=self.environment(**more),
            cwd=cwd or self.root,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def seen_by(self, shell: str, *names: str, cwd: Path | None = None, **more: str) -> object:
        """Return what a program sees that `shell` starts after reading its hook."""
        hook = self.fish_hook if shell == "fish" else self.hook
        if shutil.which(shell) is None:
            pytest.skip(f"no {shell} here")
        rest = ["--no-config"] if shell == "fish" else ["-f"] if shell == "zsh" else []
        command = (
            f"{'source' if shell == 'fish' else '.'} {hook}; {sys.executable} -c '{PRINT_ALL}'"
        )
        words = " ".join(names or AWKWARD)
        return json.loads(self.run(shell, *rest, "-c", f"{command} {words}", cwd=cwd, **more))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    home.secrets.mkdir(mode=0o700)
    for hook in (home.hook, home.fish_hook):
        hook.write_text(read_data(hook.name).replace(PLACE, str(home.secrets)))
    return home


def as_secrets(values: Mapping[str, str]) -> dict[str, Secret]:
    return {name: Secret(value) for name, value in values.items()}


SHELLS = ("bash", "zsh", "fish", "dash")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_awkward_value_reaches_what_a_shell_starts(home: Home, shell: str) -> None:
    home.give({"": as_secrets(AWKWARD)})
    assert home.seen_by(shell) == AWKWARD


@pytest.mark.parametrize("shell", SHELLS)
def test_a_repos_own_secrets_are_there_only_in_that_repo(home: Home, shell: str) -> None:
    home.give(
        {
            "": as_secrets({"ALL": "1"}),
            "shop": as_secrets({"OWN": "2"}),
            "a/b": as_secrets({"B": "3"}),
        }
    )
    for folder in ("shop/src/deep", "shop@fix-1/src", "shopping", "a/b", "a"):
        (home.root / "code" / folder).mkdir(parents=True, exist_ok=True)

    def seen(folder: str) -> object:
        return home.seen_by(shell, "ALL", "OWN", "B", cwd=home.root / folder)

    assert seen("code") == {"ALL": "1"}
    assert seen("code/shop") == seen("code/shop/src/deep") == {"ALL": "1", "OWN": "2"}
    assert seen("code/shop@fix-1/src") == {"ALL": "1", "OWN": "2"}
    assert seen("code/shopping") == seen("code/a") == {"ALL": "1"}
    assert seen("code/a/b") == {"ALL": "1", "B": "3"}


@pytest.mark.parametrize("shell", SHELLS)
def test_what_somebody_sets_over_a_secret_stays_in_the_shells_below(home: Home, shell: str) -> None:
    home.give({"": as_secrets({"URL": "given"})})
    given = home.seen_by(shell, "URL", "NOPAL_SECRETS", "NOPAL_SECRETS_SET")
    assert isinstance(given, dict)
    assert home.seen_by(shell, "URL", **{**given, "URL": "mine"}) == {"URL": "mine"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_that_was_taken_away_is_not_inherited_by_a_new_shell(
    home: Home, shell: str
) -> None:
    names = ("ONE", "TWO", "NOPAL_SECRETS", "NOPAL_SECRETS_SET")
    home.give({"": as_secrets({"ONE": "1", "TWO": "2"})})
    before = home.seen_by(shell, *names)
    assert isinstance(before, dict)
    home.give({"": as_secrets({"TWO": "new"})}, "two")
    assert home.seen_by(shell, "ONE", "TWO", **before) == {"TWO": "new"}
    shutil.rmtree(home.secrets)
    assert home.seen_by(shell, "ONE", "TWO", **before) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_without_secrets_a_shell_is_as_it_was(home: Home, shell: str) -> None:
    shutil.rmtree(home.secrets)
    assert home.seen_by(shell, "PATH") == {"PATH": os.environ["PATH"]}


def test_bash_reads_the_hook_under_strict_options(home: Home) -> None:
    home.give({"": as_secrets({"ONE": "1"})})
    script = f'set -euo pipefail; . {home.hook}; printf %s "$ONE"'
    assert home.run("bash", "-c", script) == "1"


def test_direnv_gets_every_awkward_value_by_use_nopal(home: Home) -> None:
    if shutil.which("direnv") is None:
        pytest.skip("no direnv here")
    library = home.root / ".config/direnv/lib/nopal.sh"
    library.parent.mkdir(parents=True)
    library.write_text(
        read_data("direnv_lib.sh")
        .replace("/etc/nopal/secrets.sh", str(home.hook))
        .replace(PLACE, str(home.secrets))
    )
    repo = home.root / "code/shop"
    repo.mkdir(parents=True)
    (repo / ".envrc").write_text("use nopal\n")
    values = {name: value for name, value in AWKWARD.items() if name != "LONG"}
    home.give({"": as_secrets(values), "shop": as_secrets({"OWN": "shop's"})})
    home.run("direnv", "allow", ".", cwd=repo)
    shown = home.run(
        "direnv", "exec", ".", sys.executable, "-c", PRINT_ALL, *values, "OWN", cwd=repo
    )
    assert json.loads(shown) == {**values, "OWN": "shop's"}


def test_python_and_node_read_the_json_and_the_files(home: Home) -> None:
    home.give({"": as_secrets(AWKWARD)})
    path = home.secrets / "secrets.json"
    assert json.loads(path.read_text(encoding="utf-8")) == AWKWARD
    files = {file.name: file.read_bytes().decode() for file in (home.secrets / "values").iterdir()}
    assert files == AWKWARD
    if shutil.which("node"):
        script = (
            "console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(process.argv[1]))))"
        )
        assert json.loads(home.run("node", "-e", script, path)) == AWKWARD


def test_everything_is_for_its_owner_alone(home: Home) -> None:
    home.give({"": as_secrets({"ONE": "1"}), "shop": as_secrets({"TWO": "2"})})
    for path in home.secrets.rglob("*"):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_new_set_leaves_nothing_of_the_old_one(home: Home) -> None:
    home.give({"": as_secrets({"ONE": "first value"}), "shop": as_secrets({"TWO": "second"})})
    home.give({"": as_secrets({"THREE": "third"})}, "two")
    held = [path.read_text() for path in home.secrets.rglob("*") if path.is_file()]
    assert not any("first value" in text or "second" in text for text in held)
    assert (home.secrets / "values").resolve().parent == (home.secrets / ".now").resolve()


def test_a_receiver_that_is_cut_short_leaves_what_was_there(home: Home) -> None:
    home.give({"": as_secrets({"ONE": "1"})})
    cut = json.dumps(render({"": as_secrets({"ONE": "2"})}, "two"))[:-20]
    done = subprocess.run(
        [sys.executable, "-c", RECEIVE, home.secrets], input=cut, text=True, check=False,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert (home.secrets / "values/ONE").read_text() == "1"
    home.give({"": as_secrets({"ONE": "3"})}, "three")
    assert sorted(path.name for path in home.secrets.glob(".set-*")) == [
        (home.secrets / ".now").readlink().name
    ]
