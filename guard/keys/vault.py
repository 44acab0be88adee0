"""Where a private half is at rest: the system's keyring, used in a process of its own.

The keyring's libraries are large and may wait for a person, so another program does it
(`keyring_program.py`), which gets its secret on standard input and a time to be done in.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import guard

_WITHIN_S = 20.0


class Vault(Protocol):
    """Keeps short secrets."""

    def put(self, name: str, secret: str) -> bool:
        """Keep it; False where there is no keyring to keep it in."""

    def get(self, name: str) -> str:
        """Return it, or nothing."""

    def remove(self, name: str) -> None:
        """Forget it."""


@dataclass(frozen=True)
class SystemKeyring:
    """The keyring of the person's session, which `environ` leads to."""

    environ: Mapping[str, str]

    def put(self, name: str, secret: str) -> bool:
        """Keep it, and make sure that it is there."""
        return self._run("put", name, secret) is not None and self.get(name) == secret

    def get(self, name: str) -> str:
        """Return it, or nothing."""
        return self._run("get", name) or ""

    def remove(self, name: str) -> None:
        """Forget it; where that fails, it stays and is of no use."""
        self._run("remove", name)

    def _run(self, verb: str, name: str, secret: str = "") -> str | None:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "guard.keys.keyring_program", verb, name],
                env={**self.environ, "PYTHONPATH": str(Path(guard.__file__).parents[1])},
                input=secret,
                capture_output=True,
                text=True,
                timeout=_WITHIN_S,
                check=False,
                cwd="/",
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None
