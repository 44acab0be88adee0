"""Where a guest's SSH server is and how to log in to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OwnConfig:
    """What the person's ssh_config says about a host, beyond what every address has."""

    name: str
    """The host as ssh is told it."""
    user: str = ""
    port: int | None = None
    """User and port if the person named them; they outdo the configuration."""
    file: Path | None = None
    """The configuration to read in place of the usual ones."""
    identity_files: tuple[Path, ...] = ()
    identities_only: bool = False
    """Whether the agent may offer only the keys of `identity_files`."""
    identity_agent: Path | None = None
    """The agent that logs in; None for none."""
    more_known_hosts: tuple[Path, ...] = ()
    """Files of pinned keys that are only read."""
    accepts_new_keys: bool = False
    """Whether an unknown host key is pinned unasked."""
    jump: SshAddress | None = None
    """The host from which this one is reached."""
    proxy_command: str = ""
    """Any other way to it; only ssh knows how."""


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
    config: OwnConfig | None = None
    """Set for a host of the person's own, None for a machine that nopal made."""

    @property
    def alias(self) -> str:
        """The name under which the host key stands in `known_hosts`."""
        return self.host_key_alias or f"[{self.host}]:{self.port}"

    @property
    def pins(self) -> tuple[Path, ...]:
        """Every file that may pin the host key."""
        own = (self.known_hosts,) if self.known_hosts is not None else ()
        return own + (self.config.more_known_hosts if self.config is not None else ())

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"
