"""A project's secrets on their way into a machine that is a folder here, run by a real sh."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from awkward import AWKWARD
from fake_stores import Stores
from spy import spying

from guard.host_keys import PinStore
from guard.secrets.fetch import SecretsFailed
from nopal.driver import Driver
from nopal.load import load_project
from nopal.logins import Logins
from nopal.machine import Machine
from nopal.machine_errors import NotRunning
from nopal.paths import Paths
from nopal.project import Project
from nopal.project_secrets import Difference, ProjectSecrets
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.secret_delivery import PLACE, NotDelivered
from nopal.secret_list import as_data, as_text, rows
from nopal.state import MachineState, StateStore
from profiles.login import Login

VAULT = {"vault": {"kv2/app": {"TOKEN": "token-4711", "OTHER": "other-4712"}}}
URL = "git@github.com:me/blog.git"
TABLE = """
[projects.blog.secrets]
TOKEN = "vault://kv2/app"
"""


@dataclass
class Guest:
    """Runs what is sent, with the folder of the secrets in a place of its own."""

    root: Path
    fails: bool = False
    is_down: bool = False
    scripts: list[str] = field(default_factory=list)
    watch: Callable[[], None] = lambda: None

    def run(self, script: str, on_line: Callable[[str], None], *, secret: str = "") -> int:
        self.scripts.append(script)
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        environ = {"PATH": path, "HOME": str(self.root / "home")}
        here = script.replace(PLACE, str(self.root / "secrets"))
        with subprocess.Popen(
            ["sh", "-c", here],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            self.watch()
            out, _ = process.communicate(f"{secret}\n" if secret else "")
        for line in out.splitlines():
            on_line(line)
        return 1 if self.fails else process.returncode

    def close(self) -> None:
        pass

    @property
    def held(self) -> dict[str, str]:
        folder = self.root / "secrets/values"
        return {file.name: file.read_text() for file in folder.iterdir()} if folder.is_dir() else {}


class Here(Machine):
    """A machine that runs, and is reached by `guest`."""

    guest: Guest

    def reach(self, wish: object = None) -> Any:
        if self.guest.is_down:
            raise NotRunning(self.name, "stopped")
        return self.states.read(self.name), self.guest

    def quick_address(self) -> Any:
        return object()


@dataclass
class Keyring:
    """Keeps texts as a system's keyring does."""

    texts: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, secret: str) -> bool:
        self.texts[name] = secret
        return True

    def get(self, name: str) -> str:
        return self.texts.get(name, "")

    def remove(self, name: str) -> None:
        self.texts.pop(name, None)


@dataclass(frozen=True)
class Bench:
    """One project with stores beside it, and its machine."""

    place: Path
    stores: Stores
    guest: Guest
    told: io.StringIO
    machine: Machine
    keyring: Keyring = field(default_factory=Keyring)

    def secrets(self, table: str = TABLE, repo: str = "") -> ProjectSecrets:
        project = self.project(table, repo)
        return ProjectSecrets(project, self.machine, self.stores.tools, self.logins, lambda: 1000)

    def project(self, table: str, repo: str = "") -> Project:
        desk = self.place / "desk"
        paths = Paths.from_environment({"NOPAL_HOME": "/n"}, is_root=False, home=desk)
        paths.config_file.parent.mkdir(parents=True, exist_ok=True)
        paths.config_file.write_text(table)
        cwd = desk / "blog"
        (cwd / ".git").mkdir(parents=True, exist_ok=True)
        if repo:
            (cwd / ".nopal.toml").write_text(repo)
            paths.config_file.write_text(f'[projects.blog]\nrepos = ["{URL}"]\n{table}')
        return load_project("blog", paths=paths, cwd=cwd, origin_of=lambda _: URL)

    @property
    def logins(self) -> Logins:
        return Logins(self.place / "logins", self.keyring, lambda: 1000)

    def log_in(self, text: str, agent: str = "claude", variable: str = "CLAUDE_TOKEN") -> None:
        file = "~/.codex/auth.json" if agent == "codex" else ""
        kind = Login(title="a token", form=".*", variable=variable, how="-", file=file)
        self.logins.keep(agent, "work", kind, text)

    def change(self, **fields: str) -> None:
        (self.stores.place / "values.json").write_text(json.dumps({"vault": {"kv2/app": fields}}))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    stores = Stores.make(tmp_path / "stores", VAULT, VAULT_TOKEN="vault-token-4713")
    guest = Guest(tmp_path / "guest")
    (guest.root / "secrets").mkdir(parents=True, mode=0o700)
    (guest.root / "bin").mkdir()
    mountpoint = guest.root / "bin/mountpoint"
    mountpoint.write_text("#!/bin/sh\nexit 0\n")
    mountpoint.chmod(0o755)
    told = io.StringIO()
    states = StateStore(tmp_path / "state")
    states.write(MachineState(name="blog"))
    pins = PinStore(tmp_path / "known_hosts")
    with Reporter("blog", PlainScreen(told), tmp_path / "log") as reporter:
        machine = Here("blog", lambda: cast("Driver", None), states, pins, reporter)
        object.__setattr__(machine, "guest", guest)
        yield Bench(tmp_path, stores, guest, told, machine)


def calls(bench: Bench) -> int:
    return len(bench.stores.calls)


def test_the_machine_is_given_what_it_lacks_and_then_left_alone(bench: Bench) -> None:
    ours = bench.secrets()
    ours.settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}
    assert "1 secrets are in its memory" in bench.told.getvalue()
    asked = calls(bench)
    bench.guest.scripts.clear()
    ours.settle()
    assert (calls(bench), len(bench.guest.scripts)) == (asked, 1)


def test_a_machine_that_booted_is_given_them_again(bench: Bench) -> None:
    bench.secrets().settle()
    for path in (bench.guest.root / "secrets").iterdir():
        path.rename(bench.place / f"gone-{path.name}")
    bench.secrets().settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}


def test_a_table_that_changed_is_given_as_it_is_now(bench: Bench) -> None:
    bench.secrets().settle()
    bench.secrets(TABLE.replace("TOKEN =", "OTHER =")).settle()
    assert bench.guest.held == {"OTHER": "other-4712"}
    bench.secrets("[projects.blog]\n").settle()
    assert bench.guest.held == {}
    assert bench.secrets().note is None


def test_a_refresh_brings_what_was_rotated(bench: Bench) -> None:
    ours = bench.secrets()
    ours.settle()
    bench.change(TOKEN="rotated-4714", OTHER="x")
    ours.settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}
    ours.refresh()
    assert bench.guest.held == {"TOKEN": "rotated-4714"}


def test_differences_are_named_and_nothing_is_changed(bench: Bench) -> None:
    ours = bench.secrets(TABLE.replace("TOKEN", '"*"'))
    ours.settle()
    bench.change(TOKEN="rotated-4714", NEW="new-4715")
    assert ours.differences() == (
        Difference("+", "NEW"),
        Difference("-", "OTHER"),
        Difference("~", "TOKEN"),
    )
    assert bench.guest.held == {"TOKEN": "token-4711", "OTHER": "other-4712"}


def test_one_repos_secrets_are_refreshed_and_cleared_alone(bench: Bench) -> None:
    table = TABLE + '\n[projects.blog.secrets.api]\nOTHER = "vault://kv2/app"\n'
    ours = bench.secrets(table)
    ours.settle()
    bench.change(TOKEN="rotated", OTHER="rotated-4716")
    ours.refresh("api")
    place = bench.guest.root / "secrets/repos/api/values/OTHER"
    assert (bench.guest.held, place.read_text()) == ({"TOKEN": "token-4711"}, "rotated-4716")
    assert ours.are_there()
    ours.clear("api")
    assert bench.guest.held == {"TOKEN": "token-4711"}
    assert not place.exists()


def test_a_guest_that_invents_secrets_gets_none_of_them_back(bench: Bench) -> None:
    table = TABLE + '\n[projects.blog.secrets.api]\nOTHER = "vault://kv2/app"\n'
    ours = bench.secrets(table)
    ours.settle()
    file = bench.guest.root / "secrets/secrets.json"
    file.write_text(json.dumps({"TOKEN": "t", "../../x": "1", "LD_PRELOAD": "1"}))
    ours.refresh("api")
    assert bench.guest.held == {"TOKEN": "t"}


def test_a_guest_that_tells_nonsense_is_not_believed(bench: Bench) -> None:
    ours = bench.secrets()
    ours.settle()
    (bench.guest.root / "secrets/secrets.json").write_text("[1]")
    with pytest.raises(NotDelivered):
        ours.differences()


def test_a_machine_that_does_not_run_holds_nothing_to_clear(bench: Bench) -> None:
    ours = bench.secrets()
    ours.settle()
    bench.guest.is_down = True
    ours.clear()
    assert ours.note is None


def test_nobody_unlocks_anything_for_a_machine_that_does_not_run(bench: Bench) -> None:
    bench.guest.is_down = True
    with pytest.raises(NotRunning):
        bench.secrets().refresh()
    assert calls(bench) == 0


def test_what_can_be_had_is_given_and_the_rest_ends_in_failure(bench: Bench) -> None:
    table = TABLE + 'BAD = "vault://kv2/none"\n'
    with pytest.raises(SecretsFailed) as caught:
        bench.secrets(table).settle()
    assert str(caught.value).splitlines() == [
        "1 of 2 secrets could not be fetched:",
        "  BAD (vault://kv2/none): vault: No value found at kv2/none",
    ]
    assert bench.guest.held == {"TOKEN": "token-4711"}
    assert not bench.secrets(table).are_there()


def test_where_nothing_can_be_had_what_is_there_stays(bench: Bench) -> None:
    bench.secrets().settle()
    with pytest.raises(SecretsFailed):
        bench.secrets('[projects.blog.secrets]\nBAD = "vault://kv2/none"\n').settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}


def test_a_repo_that_asks_for_a_secret_gets_none_and_the_person_is_told(bench: Bench) -> None:
    ours = bench.secrets(repo='name = "blog"\nwants_secrets = ["TOKEN", "NPM_TOKEN"]\n')
    ours.settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}
    assert "asks for the secret NPM_TOKEN" in bench.told.getvalue()
    assert "asks for the secret TOKEN" not in bench.told.getvalue()


def test_the_list_has_names_sources_and_times_and_no_value(bench: Bench) -> None:
    ours = bench.secrets(TABLE + '"*" = "vault://kv2/app"\n')
    ours.settle()
    note = ours.held_note()
    table = tuple(rows(ours.wanted, note))
    shown = as_text(table, note, 1000 + 7200) + json.dumps(as_data(table, note))
    assert "TOKEN  vault://kv2/app  every shell  in memory for 2 h" in shown
    assert "OTHER" in shown
    assert "4711" not in shown and "4712" not in shown


def test_a_value_of_any_shape_arrives_as_it_was(bench: Bench) -> None:
    (bench.stores.place / "values.json").write_text(json.dumps({"vault": {"kv2/app": AWKWARD}}))
    bench.secrets('[projects.blog.secrets]\n"*" = "vault://kv2/app"\n').settle()
    folder = bench.guest.root / "secrets/values"
    assert {file.name: file.read_bytes().decode() for file in folder.iterdir()} == AWKWARD


AGENTS = '[projects.blog]\nagents = {claude = "work"}\n'


def test_a_login_is_given_to_a_project_that_chooses_it_and_to_no_other(bench: Bench) -> None:
    bench.log_in("login-4717")
    bench.secrets(TABLE).settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}
    bench.secrets(AGENTS + TABLE).settle()
    assert bench.guest.held == {"TOKEN": "token-4711", "CLAUDE_TOKEN": "login-4717"}
    kept = [path.read_text() for path in _files(bench.place, but=("stores", "guest"))]
    assert "login-4717" not in "".join([*kept, *bench.guest.scripts, bench.told.getvalue()])


def test_a_rotated_login_is_given_by_the_next_look(bench: Bench) -> None:
    bench.log_in("login-4717")
    bench.secrets(AGENTS).settle()
    bench.log_in("login-4718")
    bench.secrets(AGENTS).settle()
    assert bench.guest.held == {"CLAUDE_TOKEN": "login-4718"}


def test_a_forgotten_login_leaves_the_machine_and_no_store_is_asked(bench: Bench) -> None:
    bench.log_in("login-4717")
    bench.secrets(AGENTS + TABLE).settle()
    asked = calls(bench)
    found = bench.logins.find("claude", "work")
    assert found
    bench.logins.forget(found)
    bench.secrets("[projects.blog]\n" + TABLE).forget_login("claude/work")
    assert (bench.guest.held, calls(bench)) == ({"TOKEN": "token-4711"}, asked)
    note = bench.secrets().note
    assert note
    assert note.logins == ()


def test_a_login_that_is_not_kept_is_named_and_stops_nothing(bench: Bench) -> None:
    bench.secrets(AGENTS + TABLE).settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}
    assert "inv login claude --name work" in bench.told.getvalue()


def test_a_secret_of_the_same_name_counts_more_than_a_login(bench: Bench) -> None:
    bench.log_in("login-4717", variable="TOKEN")
    bench.secrets(AGENTS + TABLE).settle()
    assert bench.guest.held == {"TOKEN": "token-4711"}


def test_an_agent_that_reads_a_file_finds_its_login_there_until_it_is_gone(bench: Bench) -> None:
    agents = '[projects.blog]\nagents = {codex = "work"}\n'
    file = bench.guest.root / "home/.codex/auth.json"
    bench.log_in("login-4717", "codex", "CODEX_AUTH_JSON")
    bench.secrets(agents).settle()
    assert file.is_symlink()
    assert file.read_text() == "login-4717"
    bench.secrets("[projects.blog]\n").settle()
    assert not file.is_symlink()


def test_a_login_that_was_made_by_hand_in_the_machine_stays(bench: Bench) -> None:
    file = bench.guest.root / "home/.codex/auth.json"
    file.parent.mkdir(parents=True)
    file.write_text("by hand")
    bench.log_in("login-4717", "codex", "CODEX_AUTH_JSON")
    bench.secrets('[projects.blog]\nagents = {codex = "work"}\n').settle()
    bench.secrets("[projects.blog]\n").settle()
    assert (file.is_symlink(), file.read_text()) == (False, "by hand")


def test_planted_values_are_in_no_log_state_argument_or_environment(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.guest.watch = lambda: time.sleep(0.3)
    ours = bench.secrets(TABLE + 'BAD = "vault://kv2/none"\n')
    with spying() as seen:
        with pytest.raises(SecretsFailed) as caught:
            ours.settle()
        bench.guest.fails = True
        with pytest.raises(NotDelivered) as refused:
            ours.refresh()
    told = "\n".join([bench.told.getvalue(), caplog.text, str(caught.value), str(refused.value)])
    kept = [path.read_bytes() for path in _files(bench.place, but=("stores", "guest"))]
    scripts = [script.encode() for script in bench.guest.scripts]
    everything = b"\n".join([told.encode(), *kept, *scripts, *seen])
    assert b"token-4711" not in everything
    assert b"vault-token-4713" in b"\n".join(seen)  # which it sees where it is


def _files(place: Path, but: tuple[str, ...]) -> list[Path]:
    return [
        path
        for path in place.rglob("*")
        if path.is_file() and path.relative_to(place).parts[0] not in but
    ]
