"""What the profile `git` writes, read by a real git, a real ssh-keygen and a real ssh-agent."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from profiles.git import ALLOWED_SIGNERS, CONFIG, allowed_signers, git_config, settings
from profiles.guest import Guest


@dataclass(frozen=True)
class Home:
    """A home with one repository, and nothing of this host's configuration."""

    path: Path
    environment: dict[str, str]

    def run(self, *words: str) -> str:
        return subprocess.run(
            words,
            cwd=self.path / "repo",
            env=self.environment,
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout

    def write(self, guest: Guest) -> None:
        for path, text in (
            (CONFIG, git_config(settings(guest))),
            (ALLOWED_SIGNERS, allowed_signers(guest)),
            ("~/.gitconfig", f"[include]\n\tpath = {CONFIG}\n"),
        ):
            file = self.path / path[2:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    (tmp_path / "repo").mkdir()
    home = Home(tmp_path, environment)
    home.run("git", "init", "-q")
    return home


@pytest.fixture
def key(home: Home) -> Iterator[str]:
    """The public half of a key that lives in an agent alone; the home knows the agent."""
    secret = home.path / "key"
    home.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", 'a "b" #c', "-f", str(secret))
    socket = str(home.path / "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    home.environment["SSH_AUTH_SOCK"] = socket
    try:
        while not Path(socket).exists() and agent.poll() is None:
            time.sleep(0.01)
        home.run("ssh-add", "-q", str(secret))
        secret.unlink()
        yield secret.with_suffix(".pub").read_text(encoding="utf-8")
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait()


NAMES = [
    "Ann",
    "Foo; Bar # Baz",
    'Ann "The Hat" O\'Neil',
    "back\\slash \\n",
    "Jürgen 🌵",
    "$(id) `id`",
]


@pytest.mark.parametrize("name", NAMES)
def test_git_reads_back_the_name_that_was_written(home: Home, name: str) -> None:
    home.write(Guest(name="blog", git_name=name, git_email="ann@example.com"))
    assert home.run("git", "config", "user.name") == f"{name}\n"


EMAILS = ["ann@example.com", '"ann, b"@exa*ple.com', "jürgen@exämple.com", "a b;#@x", "!a@x"]


@pytest.mark.parametrize("email", EMAILS)
def test_a_commit_is_signed_by_the_agents_key_and_found_good(
    home: Home, key: str, email: str
) -> None:
    home.write(Guest(name="blog", git_name="Ann", git_email=email, signing_key=key))
    home.run("git", "commit", "-q", "--allow-empty", "-m", "first")
    home.run("git", "tag", "-m", "one", "v1")
    home.run("git", "verify-tag", "v1")
    assert home.run("git", "log", "-1", "--format=%G?") == "G\n"


def test_a_teammates_commit_is_found_good(home: Home, key: str) -> None:
    signing = Guest(name="blog", git_name="Ann", git_email="ann@example.com", signing_key=key)
    home.write(signing)
    home.run("git", "commit", "-q", "--allow-empty", "-m", "first")
    line = f"ann@example.com {' '.join(key.split()[:2])}"
    home.write(Guest(name="blog", git_name="Bob", git_email="b@x", allowed_signers=(line,)))
    assert home.run("git", "log", "-1", "--format=%G? %GS") == "G ann@example.com\n"


def test_a_commit_is_not_signed_any_more_once_signing_is_off(home: Home, key: str) -> None:
    home.write(Guest(name="blog", git_name="Ann", git_email="a@x", signing_key=key))
    home.write(Guest(name="blog", git_name="Ann", git_email="a@x"))
    home.run("git", "commit", "-q", "--allow-empty", "-m", "first")
    assert home.run("git", "log", "-1", "--format=%G?") == "N\n"


def test_what_the_person_sets_wins_wherever_it_stands(home: Home) -> None:
    home.write(Guest(name="blog", git_name="Ann", git_email="a@x"))
    home.run("git", "config", "--global", "user.name", "Somebody")
    assert home.run("git", "config", "user.name") == "Somebody\n"
