"""Ways to run a script on a guest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable


class Transport(Protocol):
    """Runs POSIX shell on one guest as the login user; how it gets there is its own affair."""

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
        is_private: bool = False,
    ) -> int:
        """Run `script`, hand each line of its merged output to `on_line`, return its exit status.

        With `forward_agent` the script, and nothing else, can reach the host's SSH agent. A
        `secret` is the one line that the script finds on stdin, and travels in no other way. A
        script that `is_private` shows in no list of processes, at the price of a round trip.

        Raises:
            GuestUnreachable: the connection could not be made or was lost.
        """

    def reconnect(self) -> None:
        """Log in anew, so that changed groups and environment count."""

    def close(self) -> None:
        """End the connection."""


@runtime_checkable
class Uploads(Protocol):
    """What a transport can do besides, if it can send files."""

    def uploaded(self, contents: Sequence[bytes]) -> AbstractContextManager[Sequence[str] | None]:
        """Put each of `contents` into a file of the login user's own until the block ends.

        The block gets the absolute paths, or None where the guest takes no files.

        Raises:
            GuestUnreachable: the connection was lost.
        """
