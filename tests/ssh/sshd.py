"""A real sshd on a free loopback port, with keys, configuration and log of its own."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provision.transport.address import SshAddress
from provision.transport.openssh import is_master_alive

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
STARTS_WITHIN_S = 20


@dataclass
class Sshd:
    """A running server; it lets `user` in by `key`, and counts what it was asked."""

    place: Path
    port: int
    process: subprocess.Popen[bytes]
    user: str

    @property
    def key(self) -> Path:
        return self.place / "client_key"

    @property
    def host_key(self) -> Path:
        return self.place / "host_key"

    @property
    def known_hosts(self) -> Path:
        return self.place / "known_hosts"

    @property
    def log(self) -> str:
        return (self.place / "log").read_text(errors="replace")

    @property
    def execs(self) -> int:
        """How many commands were started, on all connections."""
        return len(re.findall(r"Starting session: ", self.log))

    @property
    def connections(self) -> int:
        """How many logins succeeded."""
        return len(re.findall(r"Accepted publickey for ", self.log))

    def address(self, **changes: object) -> SshAddress:
        fields: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "identity_file": self.key,
            "known_hosts": self.known_hosts,
            "host_key_alias": "nopal-test",
        }
        return SshAddress(**(fields | changes))  # type: ignore[arg-type]

    def cut_connections(self) -> None:
        """End every process that serves a login, as a crash of the guest would."""
        listing = subprocess.run(
            ["ps", "-e", "-o", "pid=", "-o", "ppid="], capture_output=True, text=True, check=True
        ).stdout
        for line in listing.splitlines():
            pid, parent = map(int, line.split())
            if parent == self.process.pid:
                os.kill(pid, 9)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def make_key(path: Path) -> None:
    path.unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)],
        check=True,
    )


@contextmanager
def running_sshd(
    place: Path,
    *,
    user: str = "",
    environment: dict[str, str] | None = None,
    takes_files: bool = True,
) -> Iterator[Sshd]:
    """Run an sshd in `place` until the block ends; with `takes_files` it has SFTP."""
    if PROGRAM is None:
        raise FileNotFoundError("sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    user = user or getpass.getuser()
    place.mkdir(parents=True, exist_ok=True)
    for name in ("host_key", "client_key"):
        make_key(place / name)
    authorized = place / "authorized_keys"
    authorized.write_text((place / "client_key.pub").read_text())
    authorized.chmod(0o644)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = " ".join(f'"{k}={v}"' for k, v in (environment or {}).items())
    (place / "config").write_text(
        f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host_key
PidFile none
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowAgentForwarding yes
MaxSessions 50
MaxStartups 50
LogLevel VERBOSE
PrintMotd no
{"Subsystem sftp internal-sftp" if takes_files else ""}
{"SetEnv " + variables if variables else ""}
"""
    )
    log = place / "log"
    log.unlink(missing_ok=True)
    process = subprocess.Popen(
        [PROGRAM, "-D", "-f", str(place / "config"), "-E", str(log)], stdin=subprocess.DEVNULL
    )
    server = Sshd(place, port, process, user)
    try:
        _await(server)
        yield server
    finally:
        server.stop()


def _await(server: Sshd) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.02)
    message = f"sshd did not start: {server.log}"
    raise RuntimeError(message)


@contextmanager
def live_master(server: Sshd, control_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Open an OpenSSH master as Lima does, without an agent."""
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
    words = [word for option in options for word in ("-o", option)]
    words += ["-p", str(server.port), "-l", server.user, "-i", str(server.key)]
    master = subprocess.Popen(
        ["ssh", "-F", "none", "-M", "-N", "-S", str(control_path), *words, "127.0.0.1"],
        stdin=subprocess.DEVNULL,
    )
    try:
        while not is_master_alive(control_path) and master.poll() is None:
            time.sleep(0.02)
        yield master
    finally:
        master.send_signal(signal.SIGCONT)
        master.terminate()
        master.wait()


def accepts(path: Path) -> bool:
    """Tell whether a server listens at `path`; its socket is there a moment before it does."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


@dataclass(frozen=True)
class Agent:
    """A running ssh-agent with one key."""

    socket: Path
    fingerprint: str


@contextmanager
def running_agent(place: Path) -> Iterator[Agent]:
    """Run an ssh-agent with one throw-away key until the block ends."""
    place.mkdir(parents=True, exist_ok=True)
    make_key(place / "agent_key")
    path = place / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not accepts(path) and time.monotonic() < until:
            time.sleep(0.01)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        subprocess.run(["ssh-add", "-q", str(place / "agent_key")], env=environment, check=True)
        # From here on the agent alone can use it.
        (place / "agent_key").unlink()
        shown = subprocess.run(
            ["ssh-keygen", "-lf", str(place / "agent_key.pub")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        yield Agent(path, shown.split()[1])
    finally:
        process.terminate()
        process.wait()
