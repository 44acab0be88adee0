"""SSH by paramiko: the default way to a guest, and the one that a Fabric connection can share."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko

from ..errors import GuestUnreachable, LoginRefused
from .address import SshAddress
from .agent import AgentForwarder
from .known_hosts import HostKey, pinned, verify
from .login import OwnKeys
from .sftp import BROKEN, send
from .wire import Lines, command

if TYPE_CHECKING:
    from fabric import Connection

KEEPALIVE_S = 15
DEAD_AFTER_S = 60
READ_SIZE = 65536

# What paramiko logs comes back as an error too; without this it would land on stderr, traceback
# and all, where nothing is set up for logging.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


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
            config = self.address.config
            accept_new = self.accept_new or (config is not None and config.accepts_new_keys)
            own, *others = self.address.pins
            verify(own, alias, shown, where, accept_new=accept_new, also=others)


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
    _gateway: FabricTransport | None = None
    """The connection through which this one goes (ProxyJump)."""

    def __post_init__(self) -> None:
        self._forwarder = AgentForwarder(self.agent_socket) if self.agent_socket else None

    def open(self, dialled: socket.socket | None = None) -> None:
        """Log in, unless that is done; over the connection `dialled` if there is one already.

        Raises:
            GuestUnreachable: no connection.
            LoginRefused: none of the keys is right.
            HostKeyChanged, HostKeyUnknown: the server is not the pinned one.
        """
        if self._client is not None:
            return
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(PinnedKeys(self.address, self.accept_new))
        try:
            with self._keys() as keys:
                client.connect(
                    self.address.host,
                    self.address.port,
                    self.address.user,
                    timeout=self.timeout_s,
                    sock=dialled or self._through_gateway(),
                    **(self._login() | keys),
                )
        except paramiko.AuthenticationException as error:
            self._give_up(client)
            said = str(error).strip().splitlines()
            reason = f"`{self.address.user}` is refused ({said[-1] if said else 'no key to offer'})"
            raise LoginRefused(str(self.address), reason) from error
        except BROKEN as error:
            self._give_up(client)
            raise GuestUnreachable(str(self.address), _reason(error)) from error
        except BaseException:
            self._give_up(client)
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
        is_private: bool = False,
    ) -> int:
        """Run `script`; see Transport."""
        self.open()
        transport = self._transport()
        wanted = command(script, secret, is_private=is_private)
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
        except BROKEN as error:
            raise self._lost(_reason(error)) from error
        if status < 0 and _has_ended(transport):
            raise self._lost("the server closed the connection")
        return status

    @contextmanager
    def uploaded(self, contents: Sequence[bytes]) -> Iterator[Sequence[str] | None]:
        """Put `contents` into files, by SFTP; see Uploads."""
        self.open()
        transport = self._transport()
        upload = None
        try:
            upload = send(transport, contents)
        except BROKEN as error:
            # No SFTP, or a full disk, of which the change itself will tell in better words.
            if _has_ended(transport):
                raise self._lost(_reason(error)) from error
        try:
            yield upload.paths if upload is not None else None
        finally:
            if upload is not None:
                upload.remove()

    @property
    def connection(self) -> Connection:
        """A Fabric connection over the same login, the agent forwarded, for a user's own tasks."""
        self.open()
        if self._connection is None:
            from .connection import share  # noqa: PLC0415 - for a user's own tasks alone

            self._connection = share(
                self._client, self.address, self._forwarder, self._login(), self.timeout_s
            )
        return self._connection

    def reconnect(self) -> None:
        """Log in anew."""
        self.close()
        self.open()

    def close(self) -> None:
        """End the connection; what runs on it is cut off."""
        if self._client is not None:
            self._give_up(self._client)
        self._client = self._connection = None

    def _give_up(self, client: paramiko.SSHClient) -> None:
        client.close()
        if self._gateway is not None:
            self._gateway.close()
            self._gateway = None

    def __enter__(self) -> FabricTransport:
        """Log in."""
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        """End the connection."""
        self.close()

    @contextmanager
    def _keys(self) -> Iterator[dict[str, Any]]:
        """Yield what else to log in with: all keys that the person has for a host."""
        if self.address.config is None:
            yield {}
            return
        with OwnKeys(self.address.user, self.address.config) as keys:
            yield {"auth_strategy": keys}

    def _through_gateway(self) -> paramiko.Channel | None:
        jump = self.address.config.jump if self.address.config is not None else None
        if jump is None:
            return None
        self._gateway = FabricTransport(jump, None, self.accept_new, self.timeout_s)
        self._gateway.open()
        there = (self.address.host, self.address.port)
        kind, here = "direct-tcpip", ("127.0.0.1", 0)
        transport = self._gateway._transport()
        return transport.open_channel(kind, there, here, timeout=self.timeout_s)

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

    def _make_transport(self, sock: Any, **kwargs: Any) -> paramiko.Transport:
        if isinstance(sock, socket.socket):
            # paramiko leaves Nagle on: 40 ms for every command.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # A guest that vanished answers no keepalive; the kernel would try for minutes.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_S * 1000)
        transport = paramiko.Transport(sock, **kwargs)
        _prefer(
            transport, [key for f in self.address.pins for key in pinned(f, self.address.alias)]
        )
        return transport

    def _transport(self) -> paramiko.Transport:
        transport = self._client.get_transport() if self._client is not None else None
        if transport is None:
            raise self._lost("the connection is closed")
        return transport

    def _lost(self, reason: str) -> GuestUnreachable:
        self.close()
        return GuestUnreachable(str(self.address), reason)


def _prefer(transport: paramiko.Transport, keys: Sequence[HostKey]) -> None:
    """Ask for a host key of a pinned type first: a server has several, and one is pinned."""
    options = transport.get_security_options()
    types = {key.type for key in keys}
    if "ssh-rsa" in types:
        types |= {"rsa-sha2-512", "rsa-sha2-256"}
    options.key_types = sorted(options.key_types, key=lambda name: name not in types)


def _has_ended(transport: paramiko.Transport) -> bool:
    # Its thread closes the channels a moment before it ends itself.
    transport.join(timeout=1)
    return not transport.is_active()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
