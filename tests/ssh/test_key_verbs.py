"""`inv keys…`, typed by a person whose machine has keys from a real broker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from broker_fixtures import FAILURE, SIGNED, eventually, policy, signs
from guard_fixtures import make_key, ssh_agent

from guard.keys.client import BrokerClient
from guard.public_key import PublicKey
from nopal.paths import Paths

INV = Path(sys.executable).parent / "inv"
CHECKOUT = Path(__file__).parents[2]
PROJECTS = """
[projects.blog]
profiles = []

[projects.site]
profiles = []
keys = "deploy"
repos = ["git@github.com:ann/site.git", "ssh://git@git.example.org/ann/more.git"]
"""


@dataclass(frozen=True)
class Person:
    """A home, an agent with one key, and the broker of that home."""

    home: Path
    agent: Path
    key: PublicKey

    @property
    def environ(self) -> dict[str, str]:
        own = {"HOME": str(self.home), "NOPAL_HOME": str(self.home / "n")}
        return {**os.environ, **own, "PATH": f"{self.home}/bin:{os.environ['PATH']}"}

    @property
    def broker(self) -> BrokerClient:
        paths = Paths.from_environment(self.environ, is_root=os.geteuid() == 0, home=self.home)
        return BrokerClient(paths.keys, paths.key_sockets)

    def inv(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            [str(INV), *words],
            cwd=CHECKOUT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    home = Path(tempfile.mkdtemp(prefix="nv-"))
    key = make_key(home / "keys", "one")
    file = home / ".config/nopal/projects.toml"
    file.parent.mkdir(parents=True)
    file.write_text(PROJECTS)
    with ssh_agent(home / "keys/one") as agent:
        person = Person(home, agent, key)
        yield person
        person.broker.stop()
    shutil.rmtree(home)


@pytest.fixture
def socket(person: Person) -> Path:
    """What a machine that may sign, and log in to one server, would ask."""
    logins = {"login": {"hub": "allow"}, "users": {"hub": ("git",)}}
    person.broker.resume()
    hub = {"hub": (person.key.line,)}
    return person.broker.give(policy(person.agent, host_keys=hub, **logins))


def test_what_a_machine_may_do_is_shown(person: Person, socket: Path) -> None:
    assert socket.exists()
    told = person.inv("keys", "-p", "blog")
    assert "git: allow" in told
    assert "hub as git: allow" in told
    assert json.loads(person.inv("keys", "-p", "blog", "--json"))["exposed"] == ["one"]


@pytest.mark.parametrize(
    ("words", "verdict", "reason"),
    [
        (("hub",), "allow", "the policy for logins to `hub`"),
        (("root@hub",), "deny", "nobody may log in to `hub` as `root`"),
        (("other",), "deny", "`other` is not among the hosts"),
        (("git", "--sign"), "allow", "the policy for the namespace `git`"),
        (("file", "--sign"), "deny", "the namespace `file` is not allowed"),
    ],
)
def test_what_would_be_decided_is_told_with_its_reason(
    person: Person, socket: Path, words: tuple[str, ...], verdict: str, reason: str
) -> None:
    assert socket.exists()
    (one,) = json.loads(person.inv("keys.explain", *words, "-p", "blog", "--json"))
    assert (one["verdict"], one["reason"]) == (verdict, reason)


def test_what_is_no_host_is_said_to_be_none(person: Person) -> None:
    assert "is no host" in person.inv("keys.explain", "a b", "-p", "blog", status=2)


def test_a_pause_stops_a_machine_until_it_is_ended(person: Person, socket: Path) -> None:
    person.inv("keys.pause", "-p", "blog")
    assert signs(socket, person.key) == FAILURE
    assert "paused" in person.inv("keys.status")
    assert "the keys of this machine are paused" in person.inv("keys.explain", "hub", "-p", "blog")
    person.inv("keys.resume", "-p", "blog")
    assert signs(socket, person.key) == SIGNED


def test_the_log_tells_what_was_signed_and_whether_it_is_whole(
    person: Person, socket: Path
) -> None:
    assert signs(socket, person.key) == SIGNED
    (line,) = person.inv("keys.log", "-p", "blog", "--lines=1", "--json").splitlines()
    assert json.loads(line)["verdict"] == "signed"
    assert "signed" in person.inv("keys.log", "-p", "blog")
    assert "none changed" in person.inv("keys.verify-log")
    log = person.broker.places.log
    whole = log.read_bytes()
    log.write_bytes(whole.replace(b'"signed"', b'"refused"', 1))
    assert "was changed" in person.inv("keys.verify-log", status=1)
    log.write_bytes(whole)


def test_a_question_is_listed_and_answered(person: Person, socket: Path) -> None:
    assert socket.exists()
    asks = person.broker.give(policy(person.agent, sign={"git": "ask"}))
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(signs(asks, person.key)))
    asking.start()
    eventually(person.broker.pending)
    (one,) = json.loads(person.inv("keys.pending", "--json"))
    assert "wants to sign" in one["text"]
    person.inv("keys.approve", str(one["id"]))
    asking.join()
    assert answers == [SIGNED]
    assert "is not open any more" in person.inv("keys.deny", str(one["id"]), status=1)
    assert "whole number" in person.inv("keys.approve", "x", status=2)
    assert "nothing is asked" in person.inv("keys.pending")


def test_a_deploy_key_is_printed_entered_and_replaced(person: Person) -> None:
    told = person.inv("keys.deploy", "-p", "site")
    line = told.splitlines()[0]
    assert line.split()[0::2] == ["ssh-ed25519", "nopal-site-login"]
    assert "https://github.com/ann/site/settings/keys/new" in told
    assert "its server: git.example.org" in told
    assert "its private half is in" in told
    gh = person.home / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$@" > {person.home}/args\ncat > {person.home}/stdin\n')
    gh.chmod(0o755)
    assert "gh enters keys at github.com only" in person.inv(
        "keys.deploy", "-p", "site", "--register", status=1
    )
    assert (person.home / "stdin").read_text() == f"{line}\n"
    assert "--repo ann/site" in (person.home / "args").read_text()
    rotated = person.inv("keys.rotate", "-p", "site")
    assert line.split()[1] not in rotated
    assert person.inv("keys.deploy", "-p", "site").splitlines()[0] in rotated


def test_a_project_without_keys_of_its_own_has_none_to_replace(person: Person) -> None:
    for verb in ("keys.rotate", "keys.deploy"):
        assert 'keys = "deploy"' in person.inv(verb, "-p", "blog", status=2)


def test_whose_signatures_are_good_is_told_with_the_line_for_git(person: Person) -> None:
    person.inv("keys.rotate", "-p", "site")
    told = person.inv("keys.signers")
    assert 'nopal-site namespaces="git" ssh-ed25519 ' in told
    assert "git config --global gpg.ssh.allowedSignersFile" in told
    person.inv("keys.rotate", "-p", "site")
    assert ',valid-before="' in person.inv("keys.signers")
    file = person.home / "n/keys/allowed_signers"
    setting = ("git", "config", "--global", "gpg.ssh.allowedSignersFile", str(file))
    subprocess.run(setting, env=person.environ, check=True)
    assert "git goes by this file" in person.inv("keys.signers")
