"""A Fabric connection over a login that is there already. No other module imports Fabric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import paramiko
from fabric import Config, Connection
from fabric.runners import Remote

from .address import SshAddress
from .agent import AgentForwarder


class QuickRemote(Remote):  # type: ignore[misc]
    """Fabric's runner without its wait of 10 ms between two looks at a command."""

    input_sleep = 0.001


class AgentConnection(Connection):  # type: ignore[misc]
    """A Fabric connection that forwards the agent it was given, not the environment's."""

    agent_forwarder: AgentForwarder | None = None

    def create_session(self) -> Any:
        """Open a session, with the agent at hand when there is one."""
        self.open()
        session = self.transport.open_session()
        if self.agent_forwarder is not None:
            self.agent_forwarder.attach(session)
        return session


def share(
    client: paramiko.SSHClient,
    address: SshAddress,
    forwarder: AgentForwarder | None,
    login: Mapping[str, Any],
    timeout_s: float,
) -> Connection:
    """Return a connection over the login of `client`; `login` is what made it."""
    connection = AgentConnection(
        address.host,
        user=address.user,
        port=address.port,
        config=Config(overrides={"load_ssh_configs": False, "runners": {"remote": QuickRemote}}),
        forward_agent=forwarder is not None,
        connect_timeout=int(timeout_s),
        # Fabric adds to what it is given.
        connect_kwargs=dict(login),
    )
    connection.client = client
    connection.transport = client.get_transport()
    connection.agent_forwarder = forwarder
    return connection
