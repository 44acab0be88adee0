"""Where Lima's files of this host are. Data only: nopal decides which they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIMA_VERSION = "2.2.0"


@dataclass(frozen=True)
class LimaPaths:
    """The directories of this room, and the user who runs limactl."""

    home: Path
    """LIMA_HOME: one folder a machine."""
    tools: Path
    """What set-up installs."""
    images: Path
    """Disk images that were built here."""
    user: str | None = None
    """The system user limactl runs as, because it refuses root; None means ourselves."""

    @property
    def goldens(self) -> Path:
        """Disks of converged machines, from which new ones begin."""
        return self.images.parent / "goldens"

    @property
    def prefix(self) -> Path:
        """Where set-up puts Lima: `bin/` and `share/lima/` below it."""
        return self.tools / f"lima-{LIMA_VERSION}"

    @property
    def limactl(self) -> Path:
        """The limactl that set-up installs."""
        return self.prefix / "bin" / "limactl"

    @property
    def identity_file(self) -> Path:
        """The private key that opens every machine; Lima makes it."""
        return self.home / "_config" / "user"

    def instance(self, name: str) -> Path:
        """Return the folder of one machine."""
        return self.home / name
