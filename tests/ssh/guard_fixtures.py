"""Real agents, keys, bare repos and an sshd on loopback, for the tests of guard's edges."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from guard.public_key import PublicKey, parse_public_key
from guard.ssh_agent import AgentUnreachable, list_keys

ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C"}


def run(*argv: str | Path, env: Mapping[str, str] = ENV, text: str = "") -> str:
    done = subprocess.run(
        [str(one) for one in argv], env=env, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (argv, done.stderr)
    return done.stdout


def make_key(folder: Path, name: str, kind: str = "ed25519", comment: str = "") -> PublicKey:
    folder.mkdir(exist_ok=True)
    run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment or name, "-f", folder / name)
    return parse_public_key((folder / f"{name}.pub").read_text())


@contextmanager
def ssh_agent(*private_keys: Path) -> Iterator[Path]:
    """Run an agent that holds these keys; yields its socket."""
    # Not tmp_path: a socket's path may have 104 bytes on macOS.
    # The space is on purpose: 1Password's socket on macOS has one in its path too.
    folder = Path(tempfile.mkdtemp(prefix="n g"))
    path = folder / "agent.sock"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], env=ENV, stdout=subprocess.DEVNULL)
    try:
        _wait(lambda: _answers(path), "the agent")
        for key in private_keys:
            run("ssh-add", "-q", key, env={**ENV, "SSH_AUTH_SOCK": str(path)})
        yield path
    finally:
        agent.terminate()
        agent.wait()
        shutil.rmtree(folder)


def _answers(path: Path) -> bool:
    try:
        list_keys(path)
    except AgentUnreachable:
        return False
    return True


def _wait(is_ready: object, what: str) -> None:
    assert callable(is_ready)
    for _ in range(200):
        if is_ready():
            return
        time.sleep(0.05)
    message = f"{what} did not come up"
    raise AssertionError(message)


@dataclass(frozen=True)
class Sshd:
    """A server on loopback that lets one key in, for git and for nothing else that matters."""

    port: int
    host_key: PublicKey
    root: Path

    def url(self, repo: str) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.root}/{repo}"

    def known_hosts_line(self, name: str = "") -> str:
        return f"{name or f'[127.0.0.1]:{self.port}'} {self.host_key.line}\n"


@contextmanager
def sshd(folder: Path, allowed: PublicKey) -> Iterator[Sshd]:
    """Run an sshd whose files are all in `folder`."""
    host_key = make_key(folder, "host_key")
    (folder / "authorized").write_text(allowed.line + "\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
    )
    if os.geteuid() == 0:  # sshd insists on its folder for privilege separation
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    program = shutil.which("sshd", path=f"{ENV['PATH']}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("no sshd on this host")
    log = folder / "log"
    server = subprocess.Popen([program, "-D", "-f", folder / "config", "-E", log], env=ENV)
    try:
        _wait(lambda: _listens(port), f"sshd ({log.read_text() if log.exists() else ''})")
        yield Sshd(port, host_key, folder)
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_repo(path: Path, branch: str = "main", files: Mapping[str, str] | None = None) -> None:
    """Make a bare repo with one commit on `branch`, of `files` in its top folder."""
    run("git", "init", "-q", "--bare", "-b", branch, path)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    blob = ("git", "-C", path, "hash-object", "-w", "--stdin")
    listing = "".join(
        f"100644 blob {run(*blob, text=text).strip()}\t{name}\n"
        for name, text in (files or {}).items()
    )
    tree = run("git", "-C", path, "mktree", text=listing).strip()
    commit = run("git", *who, "-C", path, "commit-tree", "-m", "first", tree).strip()
    run("git", "-C", path, "update-ref", f"refs/heads/{branch}", commit)
