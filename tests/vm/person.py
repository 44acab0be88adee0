"""A person with a home, an agent and projects of their own, who types `inv`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
INV = Path(sys.executable).parent / "inv"
SLOWEST_UP_S = 50 * 60


@dataclass(frozen=True)
class Typed:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Person:
    """Everything of this person's is below `place`: home, state, configuration."""

    place: Path
    environ: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    """What stands before a command, to run it as another user."""

    @property
    def home(self) -> Path:
        return self.place / "home"

    @property
    def state(self) -> Path:
        return self.place / "state"

    @property
    def projects_file(self) -> Path:
        return self.home / ".config/nopal/projects.toml"

    def environment(self, **more: str) -> dict[str, str]:
        kept = ("PATH", "LANG", "SSL_CERT_FILE", "TMPDIR", "CI")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.home),
            "NOPAL_HOME": str(self.state),
            "TERM": "xterm-256color",
            **self.environ,
            **more,
        }

    def inv(
        self, *words: str, status: int | None = 0, cwd: Path = CHECKOUT, **environ: str
    ) -> Typed:
        """Type `inv …`; fail unless it ends with `status` (None: any)."""
        return self.run([str(INV), *words], status=status, cwd=cwd, **environ)

    def run(
        self, argv: Sequence[str], *, status: int | None = 0, cwd: Path = CHECKOUT, **environ: str
    ) -> Typed:
        done = subprocess.run(
            [*self.prefix, *argv],
            env=self.environment(**environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SLOWEST_UP_S,
            check=False,
        )
        told = Typed(done.returncode, done.stdout, done.stderr)
        assert status is None or done.returncode == status, f"{argv}: {told.out}\n{told.err}"
        return told

    def git(self, *words: str, cwd: Path) -> str:
        return self.run(["git", *words], cwd=cwd).out.strip()


def processes_about(*texts: str) -> list[str]:
    """Return the command lines on this host that hold one of `texts`."""
    listing = subprocess.run(
        ["ps", "-eww", "-o", "args="], capture_output=True, text=True, check=True
    ).stdout
    own = ("ps -eww", "pytest")
    return [
        line
        for line in listing.splitlines()
        if any(text in line for text in texts) and not any(word in line for word in own)
    ]
