"""An OpenSSH master that somebody keeps open to a guest: which one it is, and what it carries."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..shell import quote
from .address import SshAddress
from .openssh import is_master_alive

_TAKES_S = 20


@dataclass(frozen=True)
class Master:
    """The master at `address.control_path`."""

    address: SshAddress

    @property
    def identity(self) -> str:
        """A name for the master that listens now, or "": a new one at the same path has another.

        So has one whose computer slept since: its connection may be dead without its knowing.
        """
        path = self.address.control_path
        if path is None or not is_master_alive(path):
            return ""
        status = path.stat()
        return f"{status.st_ino}:{status.st_mtime_ns}:{_slept_s()}"

    def has_agent(self) -> bool:
        """Whether it was opened with an SSH agent at hand, as far as this system tells.

        Whatever is in the guest may then use all of that agent's keys, if any of its connections
        asked for that. Only Linux tells.
        """
        pid = re.search(r"pid=(\d+)", self._ask("check")[1])
        if pid is None:
            return False
        try:
            environment = Path("/proc", pid[1], "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return any(one.startswith(b"SSH_AUTH_SOCK=") and one[14:] for one in environment)

    def carry(self, guest_socket: str, host_socket: Path) -> bool:
        """Let `guest_socket` in the guest be `host_socket`, as long as the master lives.

        Whoever runs the master connects to it. Returns whether that could be done.
        """
        # What a connection that broke has left there: sshd does not replace it.
        if self._run(["--", self.address.host, f"rm -f {quote(guest_socket)}"])[0] != 0:
            return False
        return self._ask("forward", "-R", f"{guest_socket}:{host_socket}")[0] == 0

    def _ask(self, command: str, *arguments: str) -> tuple[int, str]:
        return self._run(["-O", command, *arguments, "--", self.address.host])

    def _run(self, words: list[str]) -> tuple[int, str]:
        path = str(self.address.control_path).replace("%", "%%")
        # ControlMaster=no: without a master there must be no new connection.
        options = ("-o", f'ControlPath="{path}"', "-o", "ControlMaster=no", "-o", "BatchMode=yes")
        login = ("-o", "ProxyCommand=false", "-o", f"User={self.address.user}")
        try:
            done = subprocess.run(
                ["ssh", "-F", "none", "-T", *options, *login, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_TAKES_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 1, ""
        return done.returncode, done.stdout


def _slept_s() -> int:
    """Return the seconds that this computer slept since it booted; 0 where only macOS knows."""
    if sys.platform != "linux":
        return 0
    awake_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return round((time.clock_gettime_ns(time.CLOCK_BOOTTIME) - awake_ns) / 1e9)
