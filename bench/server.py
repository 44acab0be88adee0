"""An SSH server on loopback with keys, configuration and log of its own."""

from __future__ import annotations

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

HOST = "bench"
"""The name under which its key is pinned, and by which clients know it."""
STARTS_WITHIN_S = 20
TRACER = ["strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-e", "signal=none", "-o"]


@dataclass(frozen=True)
class Counts:
    """What a server was asked so far."""

    connections: int = 0
    execs: int = 0
    transfers: int = 0
    """Uses of SFTP."""
    forks: int = 0
    """Processes started by the server and all below it; 0 when it is not traced."""

    def since(self, before: Counts) -> Counts:
        """Return what was asked after `before`."""
        return Counts(
            self.connections - before.connections,
            self.execs - before.execs,
            self.transfers - before.transfers,
            self.forks - before.forks,
        )


@dataclass(frozen=True)
class Server:
    """A running sshd that lets root in by one key."""

    place: Path
    port: int

    def counts(self) -> Counts:
        """Read the log."""
        log = _read(self.place / "log")
        transfers = len(re.findall(r"Starting session: subsystem 'sftp'", log))
        started = re.findall(r"(?:clone3?|v?fork)(?!.*CLONE_THREAD).* = \d+$", self._trace(), re.M)
        return Counts(
            connections=len(re.findall(r"Accepted publickey for ", log)),
            execs=len(re.findall(r"Starting session: ", log)) - transfers,
            transfers=transfers,
            forks=len(started),
        )

    def _trace(self) -> str:
        return _read(self.place / "trace")


@contextmanager
def running_server(
    place: Path, *, is_traced: bool = False, forced: str = "none"
) -> Iterator[Server]:
    """Run an sshd in `place` until the block ends; `forced` runs in place of what is asked for."""
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("sshd")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    home = place / "home"
    home.mkdir(parents=True)
    for name in ("host_key", "client_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", place / name],
            check=True,
        )
    host_key = (place / "host_key.pub").read_text()
    (place / "known_hosts").write_text(f"{HOST} {host_key}")
    port = free_port()
    # The user's own HOME would bring in what its shells read at each start.
    (place / "config").write_text(
        f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host_key
PidFile {place}/pid
AuthorizedKeysFile {place}/client_key.pub
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxSessions 50
MaxStartups 50
LogLevel VERBOSE
PrintMotd no
Subsystem sftp internal-sftp
SetEnv HOME={home}
ForceCommand {forced}
"""
    )
    tracer = [*TRACER, str(place / "trace")] if is_traced else []
    command = [*tracer, program, "-D", "-f", str(place / "config"), "-E", str(place / "log")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield Server(place, port)
    finally:
        # A tracer that is ended would leave the server behind.
        pid = _read(place / "pid").strip()
        os.kill(int(pid) if pid else process.pid, signal.SIGTERM)
        process.wait()


def free_port() -> int:
    """Return a port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Return when somebody listens; raises TimeoutError."""
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port}")


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
