"""Logs in, by paramiko, with the keys that a person's ssh_config and agent have for a host.

Knows keys in files and agents. Certificates of the agent, PKCS#11 and passphrases are left to ssh.
"""

from __future__ import annotations

import base64
import binascii
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import paramiko
from paramiko.agent import AgentKey, AgentSSH
from paramiko.auth_strategy import AuthStrategy, InMemoryPrivateKey

from .address import OwnConfig

AGENT_ANSWERS_S = 60
"""A person may have to touch a key or allow its use."""


class AgentAt(AgentSSH):  # type: ignore[misc]
    """The agent at a path; paramiko's own takes that of the environment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(AGENT_ANSWERS_S)
        try:
            connection.connect(str(path))
            self._connect(connection)
        except BaseException:
            connection.close()
            raise


class OwnKeys(AuthStrategy):  # type: ignore[misc]
    """Offers the agent's keys, those of the named files first, then the files' own."""

    def __init__(self, user: str, config: OwnConfig) -> None:
        super().__init__(ssh_config=None)
        self._user = user
        self._config = config
        self._agent: AgentAt | None = None

    def __enter__(self) -> OwnKeys:
        """Ask the agent for its keys, if there is one."""
        path = self._config.identity_agent
        if path is not None:
            try:
                self._agent = AgentAt(path)
            except (OSError, paramiko.SSHException):
                self._agent = None  # The files may do.
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the agent."""
        if self._agent is not None:
            self._agent._close()

    def get_sources(self) -> Iterator[InMemoryPrivateKey]:
        """Yield the keys in the order in which a server gets to see them."""
        named = {blob for path in self._config.identity_files if (blob := public_blob(path))}
        held: list[AgentKey] = list(self._agent.get_keys()) if self._agent is not None else []
        first = [key for key in held if key.asbytes() in named]
        rest = [] if self._config.identities_only else [key for key in held if key not in first]
        for key in (*first, *rest):
            yield InMemoryPrivateKey(self._user, key)
        offered = {key.asbytes() for key in first}
        for path in self._config.identity_files:
            found = private_key(path)
            if found is not None and found.asbytes() not in offered:
                yield InMemoryPrivateKey(self._user, found)


def public_blob(path: Path) -> bytes:
    """Return the public half of the key at `path`, from the file beside it; empty if unknown."""
    for file in (path.with_name(f"{path.name}.pub"), path):
        try:
            fields = file.read_text(encoding="ascii").split()
            return base64.b64decode(fields[1], validate=True)
        except (OSError, ValueError, IndexError, binascii.Error):
            continue
    return b""


def private_key(path: Path) -> Any:
    """Return the key at `path`; None where there is none to be had without a passphrase."""
    try:
        return paramiko.PKey.from_path(path)
    except (OSError, ValueError, TypeError, paramiko.SSHException):
        return None
