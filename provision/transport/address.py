"""Where a guest's SSH server is and how to log in to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SshAddress:
    """All that a client needs to log in to one guest."""

    host: str
    port: int
    user: str
    identity_file: Path | None = None
    """The only private key to offer; None leaves the choice to the client."""
    known_hosts: Path | None = None
    """The file that pins the guest's host key; None accepts any key and writes nothing."""
    host_key_alias: str = ""
    """The name under which the key is pinned; empty means `[host]:port`."""
    control_path: Path | None = None
    """Socket of an OpenSSH master that may be live already."""

    @property
    def alias(self) -> str:
        """The name under which the host key stands in `known_hosts`."""
        return self.host_key_alias or f"[{self.host}]:{self.port}"

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"
