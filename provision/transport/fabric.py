"""SSH by Fabric and paramiko: the default way to a guest. The only module that imports either."""

from __future__ import annotations

import io
import logging
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from fabric import Config, Connection
from fabric.runners import Remote

from ..errors import GuestUnreachable
from .address import SshAddress
from .agent import AgentForwarder
from .known_hosts import HostKey, pinned, verify
from .wire import Lines, command

KEEPALIVE_S = 15
DEAD_AFTER_S = 60
READ_SIZE = 65536

# What paramiko logs comes back as an error too; without this it would land on stderr, traceback
# and all, where nothing is set up for logging.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


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


@dataclass(frozen=True)
class PinnedKeys(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
    """Looks the server's key up under the address's own alias, not under host and port."""

    address: SshAddress
    accept_new: bool

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        """Return when `key` is right; raises HostKeyChanged or HostKeyUnknown."""
        del client, hostname
        if self.address.known_hosts is not None:
            shown = HostKey(key.get_name(), key.asbytes())
            alias, where = self.address.alias, str(self.address)
            verify(self.address.known_hosts, alias, shown, where, accept_new=self.accept_new)


@dataclass
class FabricTransport:
    """One SSH connection to a guest."""

    address: SshAddress
    agent_socket: Path | None = None
    accept_new: bool = False
    timeout_s: float = 30
    _client: paramiko.SSHClient | None = None
    _connection: Connection | None = None
    _forwarder: AgentForwarder | None = field(init=False)

    def __post_init__(self) -> None:
        self._forwarder = AgentForwarder(self.agent_socket) if self.agent_socket else None

    def open(self) -> None:
        """Log in, unless that is done.

        Raises:
            GuestUnreachable: no connection, or the key was refused.
            HostKeyChanged, HostKeyUnknown: the server is not the pinned one.
        """
        if self._client is not None:
            return
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(PinnedKeys(self.address, self.accept_new))
        try:
            client.connect(
                self.address.host,
                self.address.port,
                self.address.user,
                timeout=self.timeout_s,
                **self._login(),
            )
        except paramiko.AuthenticationException as error:
            client.close()
            reason = f"`{self.address.user}` is refused ({error})"
            raise GuestUnreachable(str(self.address), reason) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            client.close()
            raise GuestUnreachable(str(self.address), _reason(error)) from error
        except BaseException:
            client.close()
            raise
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE_S)
        self._client = client

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
    ) -> int:
        """Run `script`; see Transport."""
        self.open()
        transport = self._transport()
        wanted = command(script, secret)
        try:
            session = transport.open_session(timeout=self.timeout_s)
            try:
                session.set_combine_stderr(True)
                if forward_agent and self._forwarder is not None:
                    self._forwarder.attach(session)
                session.exec_command(wanted.line)
                session.sendall(wanted.stdin)
                session.shutdown_write()
                lines = Lines(on_line)
                while data := session.recv(READ_SIZE):
                    lines.feed(data)
                lines.end()
                status = int(session.recv_exit_status())
            finally:
                session.close()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise self._lost(_reason(error)) from error
        if status < 0 and _has_ended(transport):
            raise self._lost("the server closed the connection")
        return status

    @contextmanager
    def uploaded(self, contents: Sequence[bytes]) -> Iterator[Sequence[str] | None]:
        """Put `contents` into files, by SFTP; see Uploads."""
        self.open()
        transport = self._transport()
        try:
            sftp = paramiko.SFTPClient.from_transport(transport)
        except (paramiko.SSHException, OSError, EOFError) as error:
            if _has_ended(transport):
                raise self._lost(_reason(error)) from error
            sftp = None
        if sftp is None:
            yield None
            return
        folder = f"/tmp/nopal-{secrets.token_hex(8)}"  # noqa: S108 - made anew, or refused
        paths = [f"{folder}/{index}" for index in range(len(contents))]
        try:
            sftp.mkdir(folder, 0o700)
            for path, content in zip(paths, contents, strict=True):
                sftp.putfo(io.BytesIO(content), path)
        except (paramiko.SSHException, OSError, EOFError) as error:
            if _has_ended(transport):
                raise self._lost(_reason(error)) from error
            # A full disk, perhaps: the change itself will say so in better words.
            _remove(sftp, folder, paths)
            yield None
            return
        try:
            yield paths
        finally:
            _remove(sftp, folder, paths)

    @property
    def connection(self) -> Connection:
        """A Fabric connection over the same login, the agent forwarded, for a user's own tasks."""
        self.open()
        if self._connection is None:
            config = Config(
                overrides={"load_ssh_configs": False, "runners": {"remote": QuickRemote}}
            )
            connection = AgentConnection(
                self.address.host,
                user=self.address.user,
                port=self.address.port,
                config=config,
                forward_agent=self._forwarder is not None,
                connect_timeout=int(self.timeout_s),
                connect_kwargs=self._login(),
            )
            connection.client = self._client
            connection.transport = self._transport()
            connection.agent_forwarder = self._forwarder
            self._connection = connection
        return self._connection

    def reconnect(self) -> None:
        """Log in anew."""
        self.close()
        self.open()

    def close(self) -> None:
        """End the connection; what runs on it is cut off."""
        if self._client is not None:
            self._client.close()
        self._client = self._connection = None

    def __enter__(self) -> FabricTransport:
        """Log in."""
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        """End the connection."""
        self.close()

    def _login(self) -> dict[str, Any]:
        has_key = self.address.identity_file is not None
        return {
            "key_filename": str(self.address.identity_file) if has_key else None,
            # Other keys than the named one would only use up the server's patience.
            "look_for_keys": not has_key,
            "allow_agent": not has_key,
            "banner_timeout": self.timeout_s,
            "auth_timeout": self.timeout_s,
            "transport_factory": self._make_transport,
        }

    def _make_transport(self, sock: socket.socket, **kwargs: Any) -> paramiko.Transport:
        # paramiko leaves Nagle on: 40 ms for every command.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # A guest that vanished answers no keepalive; the kernel would try for many minutes.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_S * 1000)
        transport = paramiko.Transport(sock, **kwargs)
        if self.address.known_hosts is not None:
            _prefer(transport, pinned(self.address.known_hosts, self.address.alias))
        return transport

    def _transport(self) -> paramiko.Transport:
        transport = self._client.get_transport() if self._client is not None else None
        if transport is None:
            raise self._lost("the connection is closed")
        return transport

    def _lost(self, reason: str) -> GuestUnreachable:
        self.close()
        return GuestUnreachable(str(self.address), reason)


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
    transport = FabricTransport(address, agent_socket, accept_new, timeout_s)
    transport.open()
    return transport


def _prefer(transport: paramiko.Transport, keys: tuple[HostKey, ...]) -> None:
    """Ask for a host key of a pinned type first: a server has several, and one is pinned."""
    options = transport.get_security_options()
    types = {key.type for key in keys}
    if "ssh-rsa" in types:
        types |= {"rsa-sha2-512", "rsa-sha2-256"}
    options.key_types = sorted(options.key_types, key=lambda name: name not in types)


def _remove(sftp: paramiko.SFTPClient, folder: str, paths: Sequence[str]) -> None:
    """Remove what was uploaded; what a broken connection leaves, the guest's next boot removes."""
    with suppress(paramiko.SSHException, OSError, EOFError):
        for path in paths:
            with suppress(FileNotFoundError):
                sftp.remove(path)
        sftp.rmdir(folder)
    sftp.close()


def _has_ended(transport: paramiko.Transport) -> bool:
    # Its thread closes the channels a moment before it ends itself.
    transport.join(timeout=1)
    return not transport.is_active()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
