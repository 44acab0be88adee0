"""Who is at the other end of a Unix socket, as the kernel tells it."""

from __future__ import annotations

import os
import socket
import struct
import sys
from dataclasses import dataclass

# <sys/un.h> and <sys/ucred.h> of macOS; Python names neither.
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1
_LOCAL_PEERPID = 2
_XUCRED = struct.Struct("=IIh2x16I")


@dataclass(frozen=True)
class Peer:
    """A process of this host."""

    uid: int
    pid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return the process that connected. Raises OSError where the system does not tell."""
    if sys.platform == "darwin":
        return Peer(_uid_of(connection), connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID))
    size = struct.calcsize("3i")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, uid, _gid = struct.unpack("3i", raw)
    return Peer(uid, pid)


def is_by_another(connection: socket.socket) -> bool:
    """Whether another user listens at the other end; to root none is another, and root to nobody.

    Where an agent's socket was, anybody may have put theirs since. Raises OSError where the system
    does not tell.
    """
    own = os.geteuid()
    return own != 0 and _uid_of(connection) not in (0, own)


def _uid_of(connection: socket.socket) -> int:
    if sys.platform == "darwin":
        raw = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED.size)
        _version, uid, *_groups = _XUCRED.unpack(raw)
        return int(uid)
    return peer_of(connection).uid
