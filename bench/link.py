"""A link to the server, as quick or as slow as asked, and the OpenSSH masters that use it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .server import HOST, STARTS_WITHIN_S, Server, free_port, wait_for_port


@dataclass(frozen=True)
class Link:
    """A way to the server that takes some time, with all that a client needs to go it."""

    place: Path
    server: Server
    port: int
    rtt_ms: int

    @property
    def ssh_config(self) -> Path:
        """Where `bench` is defined."""
        return self.place / "ssh_config"

    @property
    def key(self) -> Path:
        """The client's private key."""
        return self.server.place / "client_key"

    @property
    def known_hosts(self) -> Path:
        """Where the server's key is pinned."""
        return self.server.place / "known_hosts"

    @property
    def masters(self) -> Path:
        """Where tools put the sockets of their OpenSSH masters."""
        return self.place / "m"

    @property
    def master(self) -> Path:
        """The socket of the master that stays open while the link does."""
        return self.place / "live"

    def cold_ssh(self) -> list[str]:
        """Return what every time is compared with."""
        return ["ssh", "-F", str(self.ssh_config), "-o", "ControlPath=none", HOST, "true"]


@contextmanager
def linked(server: Server, place: Path, rtt_ms: int) -> Iterator[Link]:
    """Lay a link to `server` that takes `rtt_ms` there and back, until the block ends."""
    place.mkdir()
    if rtt_ms == 0:
        link = Link(place, server, server.port, 0)
        _describe(link)
        yield from _with_masters(link)
        return
    link = Link(place, server, free_port(), rtt_ms)
    _describe(link)
    numbers = [str(number) for number in (link.port, server.port, rtt_ms)]
    process = subprocess.Popen([sys.executable, "-m", "bench.slow_link", *numbers])
    try:
        wait_for_port(link.port)
        yield from _with_masters(link)
    finally:
        process.terminate()
        process.wait()


def _with_masters(link: Link) -> Iterator[Link]:
    ssh = ["ssh", "-F", str(link.ssh_config)]
    link.masters.mkdir()
    process = subprocess.Popen(
        [*ssh, "-M", "-N", "-o", f"ControlPath={link.master}", HOST], stdin=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not link.master.exists() and time.monotonic() < until:
            time.sleep(0.02)
        yield link
    finally:
        process.terminate()
        process.wait()
        for path in link.masters.iterdir():
            # A tool's own master outlives the tool.
            subprocess.run(
                [*ssh, "-o", f"ControlPath={path}", "-O", "exit", HOST],
                capture_output=True,
                check=False,
            )


def _describe(link: Link) -> None:
    link.ssh_config.write_text(
        f"""\
Host {HOST}
    HostName 127.0.0.1
    HostKeyAlias {HOST}
    Port {link.port}
    User root
    IdentityFile {link.key}
    IdentitiesOnly yes
    UserKnownHostsFile {link.known_hosts}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    LogLevel ERROR
"""
    )
