"""What a project's machine may do with keys: its policy found, given to a real broker, and used."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from guard_fixtures import Sshd, make_key, make_repo, ssh_agent, sshd

from guard.keys.own_folder import NotOurFolder
from guard.public_key import PublicKey
from guard.repo_url import parse_repo_url
from guard.ssh_agent import list_keys
from nopal.catalogue import Catalogue
from nopal.deploy_key import NotRegistered, page, register
from nopal.errors import ProjectFaults
from nopal.key_audit import audit, signed_objects
from nopal.keys import Keys
from nopal.paths import Paths
from nopal.preflight import Prepared, prepare_all
from nopal.renew_keys import renew
from nopal.screen import PlainScreen
from nopal.state import MachineState
from nopal.workspace import Workspace
from profiles.catalogue import load


@dataclass(frozen=True)
class Person:
    """A home, an agent with three keys of which one opens two servers, and a repo on the first."""

    folder: Path
    agent: Path
    work: PublicKey
    signer: PublicKey
    forge: Sshd
    foreign: Sshd

    @property
    def url(self) -> str:
        return self.forge.url("alpha.git")

    def workspace(self, more: str = "") -> Workspace:
        environ = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "NOPAL_HOME": str(self.folder / "n"),
            "SSH_AUTH_SOCK": str(self.agent),
        }
        paths = Paths.from_environment(environ, is_root=False, home=self.folder)
        paths.config_file.parent.mkdir(parents=True, exist_ok=True)
        paths.config_file.write_text(
            "[projects.blog]\nprofiles = []\n"
            f'signing_key = "{self.signer.line}"\nrepos = ["{self.url}"]\n{more}\n'
        )
        return Workspace(paths, environ, self.folder, PlainScreen(io.StringIO()), Catalogue(load()))

    def prepared(self, more: str = "") -> Prepared:
        workspace = self.workspace(more)
        return prepare_all(workspace, [workspace.project("blog")])[0]

    def give(self, more: str = "") -> Path:
        """Settle the project's keys, and return the socket that its machine would have."""
        item, workspace = self.prepared(more), self.workspace(more)
        assert item.keys is not None
        # As `up` does once the repo is cloned: it is not asked for again.
        state = MachineState(name="blog", cloned=(self.url,), reaching=dict(item.wish.reaching))
        workspace.states.write(state)
        return workspace.keys.give(item.project, item.keys)

    def forget(self) -> None:
        """Be as before the first `up`."""
        self.workspace().states.remove("blog")

    def run(self, socket: Path, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program as the machine would, with these keys and no other."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "guest"),
            "SSH_AUTH_SOCK": str(socket),
            "GIT_SSH_COMMAND": f"ssh -F none -o UserKnownHostsFile={self.folder}/known",
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
        }
        return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)

    def login(self, socket: Path, server: Sshd) -> subprocess.CompletedProcess[str]:
        user = server.url("").partition("://")[2].partition("@")[0]
        known = f"UserKnownHostsFile={self.folder}/known"
        port = str(server.port)
        where = f"{user}@127.0.0.1"
        return self.run(socket, "ssh", "-F", "none", "-o", known, "-p", port, where, "echo in")


@dataclass(frozen=True, kw_only=True)
class OtherPlace(Paths):
    """Paths whose sockets are in a folder of the test's."""

    place: Path

    @property
    def key_sockets(self) -> Path:
        return self.place


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    folder = Path(tempfile.mkdtemp(prefix="ng"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        keys = folder / "keys"
        work, signer = make_key(keys, "work"), make_key(keys, "signer", comment="signer")
        make_key(keys, "private")
        agent = stack.enter_context(ssh_agent(*(keys / k for k in ("private", "signer", "work"))))
        forge = stack.enter_context(sshd(folder / "forge", work))
        foreign = stack.enter_context(sshd(folder / "foreign", work))
        make_repo(folder / "forge" / "alpha.git")
        known = forge.known_hosts_line() + foreign.known_hosts_line()
        (folder / ".ssh").mkdir()
        (folder / ".ssh/known_hosts").write_text(known)
        (folder / "known").write_text(known)
        (folder / "guest").mkdir()
        (folder / "gitconfig").write_text(
            "[user]\nname = dev\nemail = dev@example.org\n"
            f"signingKey = key::{signer.line}\n[gpg]\nformat = ssh\n[commit]\ngpgSign = true\n"
        )
        found = Person(folder, agent, work, signer, forge, foreign)
        stack.callback(found.workspace().keys.client.stop)
        yield found


def test_a_machine_sees_the_key_that_signs_and_the_one_its_repo_takes(person: Person) -> None:
    socket = person.give()
    assert {key.fingerprint for key in list_keys(socket)} == {
        person.work.fingerprint,
        person.signer.fingerprint,
    }


def test_it_clones_signs_and_pushes_and_the_audit_finds_the_commit(person: Person) -> None:
    socket, clone = person.give(), person.folder / "clone"
    assert person.run(socket, "git", "clone", "-q", person.url, str(clone)).returncode == 0
    git = ("git", "-C", str(clone))
    for words in (("commit", "--allow-empty", "-qm", "pushed"), ("push", "-q", "origin", "HEAD")):
        done = person.run(socket, *git, *words)
        assert done.returncode == 0, done.stderr
    assert person.run(socket, *git, "commit", "--allow-empty", "-qm", "kept").returncode == 0
    workspace = person.workspace()
    access = workspace.access(workspace.agent())
    entries = [entry for entry in workspace.keys.client.log() if entry.project == "blog"]
    pushed, kept = audit(entries, signed_objects([parse_repo_url(person.url)], access))
    name = person.run(socket, *git, "rev-parse", "HEAD^").stdout.strip()
    assert pushed.object == f"commit {name} of {person.url}"
    assert kept.object == ""


def test_a_key_that_was_replaced_in_the_agent_is_found_anew(person: Person) -> None:
    gone = {person.url: "SHA256:" + "x" * 43}
    state = MachineState(name="blog", cloned=(person.url,), reaching=gone)
    person.workspace().states.write(state)
    assert person.prepared().wish.reaching == {person.url: person.work.fingerprint}


def test_another_server_that_takes_the_same_key_stays_closed(person: Person) -> None:
    socket = person.give()
    assert person.login(socket, person.forge).stdout == "in\n"
    refused = person.login(socket, person.foreign)
    assert (refused.returncode, refused.stdout) == (255, "")
    assert person.login(person.agent, person.foreign).stdout == "in\n"


def test_a_server_that_the_person_names_opens_and_the_repos_closes(person: Person) -> None:
    host = f"127.0.0.1:{person.foreign.port}"
    user = person.url.partition("://")[2].partition("@")[0]
    socket = person.give(
        f'[projects.blog.keys]\nlogin = {{"{host}" = "allow"}}\nusers = {{"{host}" = ["{user}"]}}'
    )
    assert person.login(socket, person.foreign).stdout == "in\n"
    assert person.login(socket, person.forge).returncode == 255


def test_keys_that_were_taken_away_are_given_again_when_one_stands_in_the_machine(
    person: Person,
) -> None:
    socket, workspace = person.give(), person.workspace()
    workspace.keys.client.stop()
    assert not socket.exists()
    said: list[str] = []
    renew(workspace, workspace.project("blog"), said.append)
    assert (len(list_keys(socket)), said) == (2, [])
    workspace.keys.take_away("blog")
    assert not socket.exists()
    renew(workspace, workspace.project("blog"), said.append)
    assert (len(list_keys(socket)), said) == (2, [])


def test_with_while_connected_the_last_one_to_leave_takes_the_keys_along(person: Person) -> None:
    text = '[projects.blog.keys]\nwhile = "connected"'
    workspace = person.workspace(text)
    keys, project = workspace.keys, workspace.project("blog")
    with keys.connected(project):
        socket = person.give(text)
        with keys.connected(project):
            assert socket.exists()
        assert socket.exists()
    assert not socket.exists()
    assert keys.given("blog") is None


def test_a_command_that_was_killed_is_no_longer_connected(person: Person) -> None:
    text = '[projects.blog.keys]\nwhile = "connected"'
    socket = person.give(text)
    assert list_keys(socket) == ()
    file = person.folder / "n/keys/connected/blog"
    holds = "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_SH)"
    argv = [sys.executable, "-c", f"{holds}; print(flush=True); input()", str(file)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(list_keys(socket)) == 2
        process.kill()
    assert list_keys(socket) == ()
    (one, *_others) = person.workspace().keys.client.explain("blog", namespace="git")
    assert (one.verdict, one.reason) == ("deny", "nobody is connected to this machine now")


def test_keys_of_machines_that_do_not_run_go_unless_one_is_being_worked_on(person: Person) -> None:
    socket, keys = person.give(), person.workspace().keys
    keys.keep_only(["blog"], lambda _name: False)
    keys.keep_only([], lambda _name: True)
    assert socket.exists()
    keys.keep_only([], lambda _name: False)
    assert not socket.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root are sockets in another place")
def test_a_link_in_the_place_of_the_sockets_changes_nothing_that_it_leads_to(
    person: Person, tmp_path: Path
) -> None:
    item, workspace = person.prepared(), person.workspace()
    victim, place = tmp_path / "victim", tmp_path / "system"
    victim.mkdir(mode=0o755)
    place.mkdir()
    (place / "keys").symlink_to(victim)
    lima = replace(workspace.paths.lima, user="nobody")
    paths = OtherPlace(**{**vars(workspace.paths), "lima": lima}, place=place / "keys/1")
    assert item.keys is not None
    with pytest.raises(NotOurFolder):
        Keys(paths, workspace.environ).give(item.project, item.keys)
    assert victim.stat().st_mode & 0o777 == 0o755


def test_what_killed_brokers_left_is_told_and_removed(person: Person, tmp_path: Path) -> None:
    paths = person.workspace().paths
    lima = replace(paths.lima, user="nobody")
    keys = Keys(OtherPlace(**{**vars(paths), "lima": lima}, place=tmp_path / "1"), {})
    (tmp_path / "2").mkdir()
    (told,) = keys.prune(dry_run=True)
    assert str(tmp_path / "2") in told
    assert (tmp_path / "2").exists()
    assert list(keys.prune(dry_run=False)) == [told]
    assert not (tmp_path / "2").exists()
    assert list(person.workspace().keys.prune(dry_run=False)) == []


def test_with_while_never_no_key_is_settled(person: Person) -> None:
    person.forget()
    with pytest.raises(ProjectFaults, match="there is no ssh-agent"):
        person.prepared('[projects.blog.keys]\nwhile = "never"')


def test_a_deploy_key_that_no_server_knows_yet_is_told_with_the_repo(person: Person) -> None:
    person.forget()
    with pytest.raises(ProjectFaults, match="login refused"):
        person.prepared('keys = "deploy"')
    key = person.workspace().keys.client.make_key("blog", "login")
    authorized = person.folder / "forge/authorized"
    authorized.write_text(f"{person.work.line}\n{key.line}\n")
    item = person.prepared('keys = "deploy"')
    assert item.keys is not None
    socket = person.workspace().keys.give(item.project, item.keys)
    own = {one.fingerprint for one in list_keys(socket)}
    assert key.fingerprint in own
    assert not own & {person.work.fingerprint, person.signer.fingerprint}
    assert person.login(socket, person.forge).stdout == "in\n"
    assert key.line not in repr(item.wish.steps)


def test_the_persons_git_tells_which_machine_signed_before_and_after_another_key(
    person: Person,
) -> None:
    text = '[projects.blog.keys]\nsigning = "project"'
    workspace, clone = person.workspace(text), person.folder / "signed"
    signers = workspace.keys.signers
    git = ("git", "-C", str(clone), "-c", f"gpg.ssh.allowedSignersFile={signers.path}")

    def commit(message: str) -> None:
        item = person.prepared(text)
        assert item.signer is not None
        assert item.keys is not None
        signers.keep(item.signer)
        socket = workspace.keys.give(item.project, item.keys)
        key = f"user.signingKey=key::{item.signer.key.line}"
        done = person.run(socket, *git, "-c", key, "commit", "--allow-empty", "-qm", message)
        assert done.returncode == 0, done.stderr

    assert person.run(person.agent, "git", "init", "-q", str(clone)).returncode == 0
    commit("before")
    old = workspace.keys.own("blog")
    time.sleep(1.1)  # the file has whole seconds
    workspace.keys.client.make_key("blog", "sign", anew=True)
    assert workspace.keys.own("blog") != old
    commit("after")
    for one in ("HEAD^", "HEAD"):
        told = person.run(person.agent, *git, "verify-commit", one).stderr
        assert 'Good "git" signature for nopal-blog with' in told


def test_gh_gets_the_key_on_its_stdin_and_its_refusal_is_told(person: Person) -> None:
    place = person.folder / "bin"
    place.mkdir(exist_ok=True)
    gh = place / "gh"
    gh.write_text(f'#!/bin/sh\necho "$@" > {place}/args\ncat > {place}/key\n')
    gh.chmod(0o755)
    environ = {"PATH": f"{place}:{os.environ['PATH']}"}
    url = parse_repo_url("git@github.com:ann/blog.git")
    register(url, "ssh-ed25519 AAAA", "nopal-blog", environ)
    assert (place / "key").read_text() == "ssh-ed25519 AAAA\n"
    assert (place / "args").read_text() == (
        "repo deploy-key add - --repo ann/blog --title nopal-blog --allow-write\n"
    )
    gh.write_text("#!/bin/sh\necho 'HTTP 404' >&2\nexit 1\n")
    with pytest.raises(NotRegistered, match="HTTP 404"):
        register(url, "ssh-ed25519 AAAA", "nopal-blog", environ)
    with pytest.raises(NotRegistered, match=r"github\.com only"):
        register(parse_repo_url("git@gitlab.com:ann/blog.git"), "k", "t", environ)
    assert page(url) == "https://github.com/ann/blog/settings/keys/new"
