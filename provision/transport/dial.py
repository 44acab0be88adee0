"""Logs in by paramiko, which is loaded while the connection is made: it takes as long as that."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from ..errors import GuestUnreachable
from .address import SshAddress

if TYPE_CHECKING:
    from .fabric import FabricTransport


def connect_fabric(
    address: SshAddress,
    *,
    agent_socket: Path | None = None,
    accept_new: bool = False,
    timeout_s: float = 30,
) -> FabricTransport:
    """Log in to `address` and return the open transport.

    `agent_socket` is the only agent that a script run with `forward_agent` can reach.

    Raises:
        GuestUnreachable: no connection, or the key was refused.
        HostKeyChanged: another host key is pinned.
        HostKeyUnknown: none is pinned and `accept_new` is false.
    """
    config = address.config
    dialled = _dial(address, timeout_s) if config is None or config.jump is None else None
    from .fabric import FabricTransport  # noqa: PLC0415 - loads paramiko

    transport = FabricTransport(address, agent_socket, accept_new, timeout_s)
    transport.open(_connected(address, dialled.get()) if dialled is not None else None)
    return transport


def _dial(address: SshAddress, timeout_s: float) -> SimpleQueue[socket.socket | OSError]:
    """Begin to connect; return where the connection, or why there is none, will be found."""
    outcome: SimpleQueue[socket.socket | OSError] = SimpleQueue()

    def connect() -> None:
        try:
            outcome.put(socket.create_connection((address.host, address.port), timeout_s))
        except OSError as error:
            outcome.put(error)

    # A daemon, which nobody waits for: a verb can be interrupted.
    threading.Thread(target=connect, daemon=True).start()
    return outcome


def _connected(address: SshAddress, outcome: socket.socket | OSError) -> socket.socket:
    if isinstance(outcome, OSError):
        raise GuestUnreachable(str(address), str(outcome)) from outcome
    return outcome
