"""What goes to a guest for a script, and lines out of what comes back. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

ARGUMENT_LIMIT = 100 * 1024
"""Bytes of a command; the kernel takes 128 KiB for one argument."""


@dataclass(frozen=True)
class Command:
    """A command line for the login shell, and what it gets on stdin."""

    line: str
    stdin: bytes = field(default=b"", repr=False)


def command(script: str, secret: str = "", *, is_private: bool = False) -> Command:
    """Return how `sh` gets `script`: as an argument, which saves a round trip, else on stdin.

    The script finds a line of `secret` on its stdin if there is any. Arguments are there for every
    user of the guest to see, so what `is_private` is never one.

    Raises:
        ValueError: `secret` is more than one line.
    """
    if set(secret) & {"\n", "\0"}:
        message = "a secret is one line"
        raise ValueError(message)
    first_line = f"{secret}\n".encode() if secret else b""
    line = f"exec sh -c {quote_for_any_shell(script)} 2>&1"
    if not is_private and len(line.encode()) <= ARGUMENT_LIMIT:
        return Command(line, first_line)
    if secret:
        # head reads so many bytes and no more: what follows is left for the script.
        data = script.encode()
        whole = f'eval "$(head -c {len(data)})"'
        return Command(f"exec sh -c '{whole}' 2>&1", data + first_line)
    # The braces make sh read all of it before it starts: half a script runs nothing, and no
    # command eats the rest.
    return Command("exec sh -s 2>&1", f"{{\n{script}\n}} </dev/null\n".encode())


def quote_for_any_shell(text: str) -> str:
    """Return `text` as one word for sh, bash, zsh and fish: the login shell is the user's choice.

    fish reads a backslash within single quotes as an escape, the others as itself; within double
    quotes all agree.
    """
    quoted = text.replace("'", "'\"'\"'").replace("\\", "'\"\\\\\"'")
    return f"'{quoted}'"


@dataclass
class Lines:
    r"""Cuts a stream of bytes into lines; a byte that is no UTF-8 becomes `\xNN`."""

    on_line: Callable[[str], None]
    _rest: list[bytes] = field(default_factory=list)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            for line in (b"".join(self._rest) + head).split(b"\n"):
                self._emit(line)
            self._rest.clear()
        if tail:
            self._rest.append(tail)

    def end(self) -> None:
        """Emit the last line if no newline ended it."""
        if self._rest:
            self._emit(b"".join(self._rest))
            self._rest.clear()

    def _emit(self, line: bytes) -> None:
        self.on_line(line.decode(errors="backslashreplace"))
