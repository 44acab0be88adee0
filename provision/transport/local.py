"""Runs scripts on this machine, for tests and for hosts that are their own guest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .wire import Lines, command


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
    ) -> int:
        """Run `script`; see Transport."""
        wanted = command(script, secret)
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


def pump(process: subprocess.Popen[bytes], stdin: bytes, on_line: Callable[[str], None]) -> int:
    """Write `stdin`, hand out stdout's lines as they come, and return the exit status.

    The process is ended when `on_line` raises.
    """
    if process.stdin is None or process.stdout is None:
        message = "the process needs pipes for stdin and stdout"
        raise ValueError(message)
    lines = Lines(on_line)
    try:
        try:
            # The shell prints nothing before it has read all: this cannot block on its output.
            process.stdin.write(stdin)
            process.stdin.close()
        except BrokenPipeError:
            # It ended early; its status says why.
            pass
        while data := os.read(process.stdout.fileno(), 65536):
            lines.feed(data)
        lines.end()
        return process.wait()
    except BaseException:
        process.kill()
        raise
