"""Where nopal keeps what: read once from the environment, then passed down; nothing is made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lima.paths import LimaPaths

_SYSTEM_USER = "nopal"
_SYSTEM_STATE = Path("/var/lib/nopal")
_SYSTEM_CACHE = Path("/var/cache/nopal")


@dataclass(frozen=True)
class Paths:
    """All places outside of projects that nopal reads or writes."""

    user_home: Path
    """What `~` means in the person's own file."""
    home: Path
    config_file: Path
    """The person's projects.toml."""
    cache: Path
    lima: LimaPaths

    @property
    def state(self) -> Path:
        """What nopal remembers of each machine."""
        return self.home / "state"

    @property
    def locks(self) -> Path:
        """One lock a project."""
        return self.home / "locks"

    @property
    def logs(self) -> Path:
        """Full logs, which errors name."""
        return self.home / "logs"

    @property
    def known_hosts(self) -> Path:
        """The pinned host keys of the machines."""
        return self.home / "known_hosts"

    @property
    def ssh_hosts(self) -> Path:
        """The generated ssh configuration, with a host for each machine."""
        return self.home / "ssh" / "config"

    @property
    def keys(self) -> Path:
        """What the key broker keeps: its log, its keys, the machines' policies."""
        return self.home / "keys"

    @property
    def key_sockets(self) -> Path:
        """A socket for each machine that may use keys; Lima's user has to get at it."""
        if self.lima.user is None:
            return self.keys / "s"
        return _SYSTEM_STATE / "keys" / _digest(self.home)

    @property
    def own_profiles(self) -> Path:
        """The folder of the person's own profiles, beside their projects.toml."""
        return self.config_file.parent / "profiles"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, is_root: bool, home: Path) -> Paths:
        """Read NOPAL_HOME, NOPAL_CONFIG, NOPAL_CACHE, NOPAL_TOOLS and XDG_CONFIG_HOME.

        `home` is the user's home directory. A relative path counts from where one stands; an empty
        variable counts as unset.
        """
        nopal_home = _path(environ, "NOPAL_HOME", home) or home / ".nopal"
        cache = _path(environ, "NOPAL_CACHE", home) or home / ".cache" / "nopal"
        config_home = _path(environ, "XDG_CONFIG_HOME", home) or home / ".config"
        config_file = _path(environ, "NOPAL_CONFIG", home)
        tools = _path(environ, "NOPAL_TOOLS", home)
        nopal_home = nopal_home.resolve()  # as Lima does: the length of its sockets' paths counts
        if is_root:
            lima = _system_lima(nopal_home, home, tools)
        else:
            lima = LimaPaths(
                home=nopal_home / "lima",
                tools=tools or nopal_home / "tools",
                images=cache / "images",
                user=None,
            )
        return cls(
            user_home=home,
            home=nopal_home,
            config_file=config_file or config_home / "nopal" / "projects.toml",
            cache=cache,
            lima=lima,
        )


def _system_lima(nopal_home: Path, home: Path, tools: Path | None) -> LimaPaths:
    """Return root's places: the system user can't look into root's home."""
    lima_home = _SYSTEM_STATE / "lima"
    if nopal_home != (home / ".nopal").resolve():
        lima_home = _SYSTEM_STATE / "homes" / _digest(nopal_home) / "lima"
    return LimaPaths(
        home=lima_home,
        tools=tools or _SYSTEM_STATE / "tools",
        images=_SYSTEM_CACHE / "images",
        user=_SYSTEM_USER,
    )


def _digest(nopal_home: Path) -> str:
    return hashlib.sha256(bytes(nopal_home)).hexdigest()[:8]


def _path(environ: Mapping[str, str], variable: str, home: Path) -> Path | None:
    text = environ.get(variable, "")
    if not text:
        return None
    if text == "~" or text.startswith("~/"):
        return home / text[2:]
    return Path(text).absolute()
