"""Which way to a host of the person's own: Fabric, ssh, or none because it is this machine."""

from __future__ import annotations

from pathlib import Path

from ..errors import LoginRefused
from . import Transport
from .address import SshAddress
from .dial import connect_fabric
from .local import LocalTransport
from .openssh import OpenSshTransport
from .ssh_config import SshConfig
from .target import Target


def reach(target: Target, config: SshConfig, *, agent_socket: Path | None = None) -> Transport:
    """Return a transport to `target`; a script may still find the way closed.

    Raises:
        GuestUnreachable: no connection.
        HostKeyChanged, HostKeyUnknown: the server is not the pinned one.
    """
    if target.is_local:
        return LocalTransport()
    return connect(config.address(target), agent_socket=agent_socket)


def connect(address: SshAddress, *, agent_socket: Path | None = None) -> Transport:
    """Log in by Fabric, or leave to ssh what only ssh can do."""
    by_ssh = OpenSshTransport(address, agent_socket)
    if address.config is not None and address.config.proxy_command:
        return by_ssh
    try:
        return connect_fabric(address, agent_socket=agent_socket)
    except LoginRefused:
        if address.config is None:
            raise
        # Certificates, PKCS#11 and keys in hardware are none of paramiko's.
        return by_ssh
