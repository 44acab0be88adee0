"""Runs scripts on this machine, for tests and for hosts that are their own guest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .pump import pump
from .wire import command


@dataclass
class LocalTransport:
    """A transport to the machine and the user that run this process."""

    shell: str = "sh"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """SSH_AUTH_SOCK in it reaches only scripts that are run with `forward_agent`."""

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
        wanted = command(script, secret, is_private=is_private)
        environment = {
            name: value
            for name, value in self.environment.items()
            if forward_agent or name != "SSH_AUTH_SOCK"
        }
        with subprocess.Popen(
            [self.shell, "-c", wanted.line],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        ) as process:
            return pump(process, wanted.stdin, on_line)

    def reconnect(self) -> None:
        """Do nothing: a new login is not to be had here."""

    def close(self) -> None:
        """Do nothing."""
