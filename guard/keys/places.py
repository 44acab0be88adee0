"""Where the broker keeps what, below one directory; nothing is made here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 103
"""macOS takes 104 bytes with the one that ends it."""


@dataclass(frozen=True)
class Places:
    """All files of one broker."""

    directory: Path
    sockets: Path

    @property
    def control(self) -> Path:
        """The socket for `client.py`."""
        return self.directory / "control.sock"

    @property
    def lock(self) -> Path:
        """Held by the one broker that runs."""
        return self.directory / "lock"

    @property
    def starting(self) -> Path:
        """Held by a client that starts a broker."""
        return self.directory / "starting"

    @property
    def log(self) -> Path:
        """The log of every decision."""
        return self.directory / "audit.jsonl"

    @property
    def output(self) -> Path:
        """What a broker says that fails."""
        return self.directory / "broker.log"

    @property
    def projects(self) -> Path:
        """One policy a project, as it was last given."""
        return self.directory / "projects"

    @property
    def paused(self) -> Path:
        """Which projects are paused."""
        return self.directory / "paused.json"

    @property
    def own_keys(self) -> Path:
        """Keys of the projects' own."""
        return self.directory / "own"

    def policy(self, project: str) -> Path:
        """Return where a project's policy is kept."""
        return self.projects / f"{project}.json"

    def own_key(self, project: str, purpose: str) -> Path:
        """Return where a project's own key is kept."""
        return self.own_keys / f"{project}.{purpose}.json"

    def socket(self, project: str) -> Path:
        """Return a project's socket: always the same, and short whatever its name."""
        return self.sockets / (hashlib.sha256(project.encode()).hexdigest()[:12] + ".sock")

    @property
    def is_short_enough(self) -> bool:
        """Whether every socket's path is short enough for a system."""
        paths = (self.control, self.socket(""))
        return all(len(bytes(path)) <= LONGEST_SOCKET_PATH for path in paths)


def places(directory: Path, sockets: Path | None = None) -> Places:
    """Return the places below `directory`; `sockets` says where another user can reach them."""
    return Places(directory, sockets or directory / "s")
