"""Which programs of this computer wait for connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class HostListener:
    """A program of this computer that has a port."""

    proto: str
    port: int
    pid: int = 0
    """0 where it is another user's, which may not be looked at."""
    program: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return "a program of another user"
        return f"{self.program or 'a program'} (process {self.pid})"


def host_listeners() -> tuple[HostListener, ...]:
    """Return who has which port here, whichever address it listens at.

    Of other users' programs Linux tells only the port, and macOS nothing.
    """
    return tuple(dict.fromkeys(_listeners()))


def _listeners() -> Iterator[HostListener]:
    import psutil  # noqa: PLC0415 - only the verbs about ports need it

    names: dict[int, str] = {}
    for pid, kind, address, status in _sockets():
        is_tcp = kind == socket.SOCK_STREAM
        if not address or (is_tcp and status != psutil.CONN_LISTEN):
            continue
        if pid not in names:
            names[pid] = _name(pid)
        yield HostListener("tcp" if is_tcp else "udp", address[1], pid, names[pid])


def _sockets() -> Iterator[tuple[int, int, tuple[str, int] | tuple[()], str]]:
    """Yield the process, kind, own address and state of each socket."""
    import psutil  # noqa: PLC0415

    try:
        for one in psutil.net_connections("inet"):
            yield one.pid or 0, one.type, one.laddr, one.status
    except psutil.AccessDenied:
        for process in psutil.process_iter():
            try:
                own = process.net_connections("inet")
            except (psutil.AccessDenied, psutil.NoSuchProcess):
                continue
            for each in own:
                yield process.pid, each.type, each.laddr, each.status


def _name(pid: int) -> str:
    import psutil  # noqa: PLC0415

    try:
        return psutil.Process(pid).name() if pid else ""
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
