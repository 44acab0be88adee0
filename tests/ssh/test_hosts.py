"""Profiles on hosts that nopal did not make: real servers, and this machine."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
from invoke import Exit
from sshd import Sshd, running_sshd

import nopal
from nopal.catalogue import Catalogue
from nopal.hosts import BaseRefused, NoProfilesNamed, PasswordNeeded, guest_at
from nopal.many import SomeFailed
from nopal.paths import Paths
from nopal.screen import PlainScreen
from nopal.tasks.on_hosts import HostsWanted, provision_hosts
from nopal.workspace import Workspace
from profiles.catalogue import load
from profiles.errors import UnknownProfile
from profiles.guest import Guest
from profiles.profile import profile
from provision.errors import GuestUnreachable, UnsupportedGuest
from provision.select import Selection
from provision.step import Step
from provision.steps.file import File
from provision.transport.local import LocalTransport
from provision.transport.target import BadTarget, parse_target


@dataclass
class Desk:
    """A person's workspace, and two servers that ssh knows as `one` and `two`."""

    workspace: Workspace
    servers: tuple[Sshd, Sshd]
    screen: io.StringIO
    place: Path

    @property
    def memory(self) -> Path:
        """Where it is kept what the hosts are."""
        return self.workspace.paths.state / "hosts"

    def provision(
        self, *hosts: str, profiles: str = "mine", check: bool = False, as_json: bool = False
    ) -> None:
        wanted = HostsWanted(hosts, profiles, Selection(only="mine"), ask_sudo=False)
        provision_hosts(self.workspace, wanted, keep_going=False, check=check, as_json=as_json)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    @profile
    def mine(guest: Guest) -> Iterator[Step]:
        """Leave a word."""
        text = f"{guest.user} {guest.home} {guest.distribution} {guest.autonomy}\n"
        yield File(str(tmp_path / f"word-{guest.name}"), text, run_as="login")

    with running_sshd(tmp_path / "one") as one, running_sshd(tmp_path / "two") as two:
        config = [f"UserKnownHostsFile {tmp_path}/hosts", "StrictHostKeyChecking accept-new"]
        for name, server in (("one", one), ("two", two)):
            config += [f"Host {name}", "HostName 127.0.0.1", f"Port {server.port}"]
            config += [f"User {server.user}", f"IdentityFile {server.key}"]
        (tmp_path / "config").write_text("\n".join(config) + "\n")
        screen = io.StringIO()
        workspace = Workspace(
            paths=Paths.from_environment({}, is_root=False, home=tmp_path),
            environ={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            cwd=tmp_path,
            screen=PlainScreen(screen),
            catalogue=Catalogue(load(), [mine]),
            ssh_config=tmp_path / "config",
        )
        yield Desk(workspace, (one, two), screen, tmp_path)


def test_several_hosts_are_converged_and_summed_up_once(desk: Desk) -> None:
    desk.provision("one,two")
    assert "2 hosts: 2 as declared, 0 not" in desk.screen.getvalue()
    for name in ("one", "two"):
        word = (desk.place / f"word-{name}").read_text().split()
        assert word[1:] == [os.environ["HOME"], "debian", "ask"]
        assert "# apply" in (desk.workspace.paths.logs / "hosts" / f"{name}.log").read_text()


def spent(server: Sshd, work: Callable[[], object]) -> tuple[int, int]:
    """Return the logins and execs that `work` took."""
    connections, execs = server.connections, server.execs
    work()
    return server.connections - connections, server.execs - execs


def test_a_host_that_is_known_and_right_costs_one_login_and_one_exec(desk: Desk) -> None:
    (one, _two) = desk.servers
    # The question what it is, then probe, apply, proof.
    assert spent(one, lambda: desk.provision("one")) == (1, 4)
    assert spent(one, lambda: desk.provision("one")) == (1, 1)
    (desk.place / "word-one").unlink()
    assert spent(one, lambda: desk.provision("one")) == (1, 3)


@pytest.mark.parametrize("remembered", ['{"not": "this"}', "", "\0"])
def test_a_memory_that_cannot_be_read_is_none(desk: Desk, remembered: str) -> None:
    desk.provision("one")
    (desk.memory / "one.json").write_text(remembered)
    assert spent(desk.servers[0], lambda: desk.provision("one")) == (1, 2)


def test_a_host_that_is_another_than_it_was_gets_its_own_steps_and_no_others(desk: Desk) -> None:
    other = {"distribution": "ubuntu", "user": "eve", "home": "/e", "machine": "m", "shell": "sh"}
    desk.memory.mkdir(parents=True)
    (desk.memory / "one.json").write_text(json.dumps(other))
    # What was taken for granted is looked at before anything is changed.
    assert spent(desk.servers[0], lambda: desk.provision("one")) == (1, 4)
    assert (desk.place / "word-one").read_text().split()[1] == os.environ["HOME"]
    assert json.loads((desk.memory / "one.json").read_text())["distribution"] == "debian"


def test_a_check_changes_nothing_and_ends_with_two(desk: Desk) -> None:
    with pytest.raises(Exit) as caught:
        desk.provision("one", check=True)
    assert caught.value.code == 2
    assert not (desk.place / "word-one").exists()
    desk.provision("one")
    desk.provision("one", check=True)


def test_one_host_that_fails_does_not_keep_the_others(desk: Desk) -> None:
    desk.servers[1].stop()
    with pytest.raises(SomeFailed) as caught:
        desk.provision("one", "two")
    ((name, error),) = caught.value.failed
    assert name == "two"
    assert isinstance(error, GuestUnreachable)
    assert (desk.place / "word-one").exists()
    assert "2 hosts: 1 as declared, 1 not" in desk.screen.getvalue()


def test_hosts_tell_as_json_which_is_which(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.provision("one", "two", as_json=True)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    sums = {e["machine"]: e["changed"] for e in events if e["event"] == "summary"}
    assert sums == {"one": 1, "two": 1}


@pytest.mark.parametrize(
    ("hosts", "profiles", "error"),
    [
        ("one", "", NoProfilesNamed),
        ("one", "mine,base", BaseRefused),
        ("one", "dokcer", UnknownProfile),
        ("one,-oProxyCommand=x", "mine", BadTarget),
    ],
)
def test_bad_input_is_refused_before_any_host_is_asked(
    desk: Desk, hosts: str, profiles: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        desk.provision(hosts, profiles=profiles)
    assert desk.servers[0].connections == 0


def test_a_password_is_asked_for_by_a_flag() -> None:
    assert "be asked for it: --ask-sudo" in str(PasswordNeeded("web", "dev"))


CHECKOUT = str(Path(nopal.__file__).parents[1])
TASKS = '''\
from nopal import ns, profile
from provision import File

@profile
def mine(guest):
    """Leave a word."""
    yield File("{place}/word", guest.user + "\\n", run_as="login")

ns.add_collection(mine)
'''


def inv(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NOPAL_HOME": str(place / "nopal"), "PYTHONPATH": CHECKOUT}
    return subprocess.run(
        [sys.executable, "-m", "invoke", "provision", *words],
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_verb_works_on_this_very_machine(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(TASKS.format(place=tmp_path))
    here = ("--host", "localhost", "--profiles", "mine", "--only", "mine")
    assert inv(tmp_path, *here, "--check").returncode == 2
    done = inv(tmp_path, *here)
    assert (done.returncode, "localhost: 1 steps: 1 changed" in done.stderr) == (0, True)
    assert (tmp_path / "word").exists()
    assert inv(tmp_path, *here, "--check").returncode == 0
    both = inv(tmp_path, *here, "-p", "blog")
    assert (both.returncode, "not both" in both.stderr) == (2, True)
    lonely = inv(tmp_path, "--profiles", "mine")
    assert (lonely.returncode, "belong to --host" in lonely.stderr) == (2, True)


def test_the_password_is_asked_for_once_on_a_terminal_only(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(TASKS.format(place=tmp_path))
    words = ["--host", "localhost", "--profiles", "mine", "--only", "mine", "--ask-sudo"]
    blind = inv(tmp_path, *words)
    assert (blind.returncode, "this is none" in blind.stderr) == (2, True)
    environment = {**os.environ, "NOPAL_HOME": str(tmp_path / "nopal"), "PYTHONPATH": CHECKOUT}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "invoke", "provision", *words],
        cwd=str(tmp_path),
        env=environment,
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact("password for sudo on localhost: ")
    child.sendline("hunter2")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "hunter2" not in child.before
    assert "hunter2" not in (tmp_path / "nopal" / "logs" / "hosts" / "localhost.log").read_text()


@dataclass
class Elsewhere(LocalTransport):
    """This machine, but for what it says it is."""

    release: Path = Path("/etc/os-release")

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
        is_private: bool = False,
    ) -> int:
        return super().run(script.replace("/etc/os-release", str(self.release)), on_line)


@pytest.mark.parametrize(
    ("release", "says"),
    [
        ("ID=alpine\nVERSION_ID=3.20\n", "runs alpine; only Debian, Ubuntu"),
        ("ID=fedora\nID_LIKE=rhel\n", "runs fedora; only Debian, Ubuntu"),
        ("", "only Debian, Ubuntu"),
    ],
)
def test_another_system_is_refused_by_name(tmp_path: Path, release: str, says: str) -> None:
    (tmp_path / "release").write_text(release)
    with pytest.raises(UnsupportedGuest, match=says):
        guest_at(Elsewhere(release=tmp_path / "release"), parse_target("web"))


def test_what_derives_from_debian_has_other_repositories(tmp_path: Path) -> None:
    (tmp_path / "release").write_text("ID=linuxmint\nID_LIKE='ubuntu debian'\n")
    with pytest.raises(UnsupportedGuest, match="web runs linuxmint; profiles are for Debian"):
        guest_at(Elsewhere(release=tmp_path / "release"), parse_target("web"))
