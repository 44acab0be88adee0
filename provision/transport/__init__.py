"""Ways to run a script on a guest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Transport(Protocol):
    """Runs POSIX shell on one guest as the login user; how it gets there is its own affair."""

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
    ) -> int:
        """Run `script`, hand each line of its merged output to `on_line`, return its exit status.

        With `forward_agent` the script, and nothing else, can reach the host's SSH agent. A
        `secret` is the one line that the script finds on stdin, and travels in no other way.

        Raises:
            GuestUnreachable: the connection could not be made or was lost.
        """

    def reconnect(self) -> None:
        """Log in anew, so that changed groups and environment count."""

    def close(self) -> None:
        """End the connection."""
