"""Ports of this computer that a machine's forwards would need, and that something else has."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lima.spec import PortForward


def taken(forwards: Sequence[PortForward]) -> tuple[PortForward, ...]:
    """Return those of `forwards` whose port of 127.0.0.1 cannot be had now.

    Lima says nothing when a port is taken: the machine's port would just not be there.
    """
    return tuple(forward for forward in forwards if not _is_free(forward.host))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Lima's own listener: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
