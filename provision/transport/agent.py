"""Carries a guest's requests to one SSH agent of the host, while a session that asked is open.

paramiko's own forwarding takes the agent from the process's environment and stays open for as long
as the connection lives; this one is told its socket, and closes with its sessions. Knows no
paramiko: it is given channels.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

LONGEST_MESSAGE = 256 * 1024
"""What OpenSSH's agent takes at most."""


class Channel(Protocol):
    """What is used of a paramiko channel."""

    closed: bool

    def recv(self, size: int, /) -> bytes:
        """Return some bytes, or none at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of `data`."""

    def close(self) -> None:
        """End the channel."""

    def request_forward_agent(self, handler: Callable[[Channel], None], /) -> bool:
        """Ask the server to offer an agent; `handler` gets a channel for each client of it."""


@dataclass
class AgentForwarder:
    """Forwards the agent at `path` to the sessions that are attached, and to no others."""

    path: Path
    _sessions: list[Channel] = field(default_factory=list)

    def attach(self, session: Channel) -> None:
        """Offer the agent to `session`, which has not started its command yet."""
        self._sessions = [open_one for open_one in self._sessions if not open_one.closed]
        self._sessions.append(session)
        session.request_forward_agent(self._accept)

    def _accept(self, channel: Channel) -> None:
        # Called in the connection's own thread, which must not wait for an agent.
        threading.Thread(target=self._carry, args=(channel,), daemon=True).start()

    def _carry(self, channel: Channel) -> None:
        # sshd keeps its socket for the life of the connection, so a process of the guest may come
        # when no session wants the agent any more.
        with suppress(OSError, EOFError):  # the connection may end at any moment
            try:
                if any(not session.closed for session in self._sessions):
                    with socket.socket(socket.AF_UNIX) as agent:
                        agent.connect(str(self.path))
                        relay(channel, agent)
            finally:
                channel.close()


def relay(channel: Channel, agent: socket.socket) -> None:
    """Carry requests and their answers, one after the other, until either side ends."""
    while request := read_message(channel.recv):
        agent.sendall(request)
        answer = read_message(agent.recv)
        if not answer:
            return
        channel.sendall(answer)


def read_message(receive: Callable[[int], bytes]) -> bytes:
    """Return one message with its length in front; empty at the end, or when it is too long."""
    head = _read(receive, 4)
    if not head:
        return b""
    (length,) = struct.unpack(">I", head)
    if length > LONGEST_MESSAGE:
        return b""
    body = _read(receive, length)
    return head + body if body else b""


def _read(receive: Callable[[int], bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = receive(size - len(data))
        if not more:
            return b""
        data += more
    return data
