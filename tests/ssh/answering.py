"""A person's home in which nopal knows one machine `blog`: a real sshd on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sshd import Sshd

from guard.host_keys import alias
from nopal.state import MachineState, StateStore, remember
from provision.transport.dial import connect_fabric

CHECKOUT = Path(__file__).parents[2]
INV = Path(sys.executable).with_name("inv")


@dataclass(frozen=True)
class Answering:
    """The home, and what is typed there."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, home: Path, server: Sshd, project: str = "profiles = []\n") -> Answering:
        """Make the home; the machine is known as one that answered before."""
        place = home / ".nopal"
        place.mkdir(parents=True)
        address = server.address(known_hosts=place / "known_hosts", host_key_alias=alias("blog"))
        connect_fabric(address, accept_new=True).close()
        states = StateStore(place / "state")
        states.write(MachineState(name="blog", ssh=remember(address), pinned=True))
        config = home / ".config/nopal"
        config.mkdir(parents=True)
        (config / "projects.toml").write_text(f"[projects.blog]\n{project}")
        return cls(home)

    @property
    def projects_file(self) -> Path:
        return self.home / ".config/nopal/projects.toml"

    def type(
        self, *words: str | Path, status: int | None = 0, cwd: Path | None = None, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Type `inv …`; fail unless it ends with `status` (None: any)."""
        done = subprocess.run(
            [str(INV), "--search-root", str(CHECKOUT), *map(str, words)],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), **self.environ},
            cwd=cwd or self.home,
            input=text,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        assert status is None or done.returncode == status, f"{words}: {done.stdout}\n{done.stderr}"
        return done
