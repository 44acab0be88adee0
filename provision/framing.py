r"""Marks in the output of a script, by which one exec carries the answers of many steps.

A mark is a line of its own: `\x1e`, a nonce made anew for each script, a verb, the index of a step,
and a status. Whatever a step prints, it cannot print the nonce, so it cannot end its own record or
begin another's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mark:
    """One mark, such as `begin 3` or `end 3 0`."""

    verb: str
    index: int
    status: int = 0
    text: str = ""
    """What follows on the same line, for marks that carry a line of output."""


@dataclass(frozen=True)
class Framing:
    """The marks of one script."""

    nonce: str = field(default_factory=lambda: os.urandom(8).hex())

    def function(self) -> str:
        """Return shell that defines `mark VERB INDEX [STATUS]`."""
        # The newline in front ends a last line of output that has none of its own.
        return f"mark() {{ printf '\\n\\036{self.nonce} %s\\n' \"$*\"; }}"

    def heredoc(self, command: str, body: str, label: str) -> str:
        """Return shell that gives `body` to `command` on stdin, unquoted and whatever its size."""
        end = f"{self.nonce}-{label}"
        return f"{command} <<'{end}'\n{body}\n{end}"

    def read(self, line: str) -> Mark | None:
        """Return the mark that `line` is, or None for a line of output."""
        if not line.startswith(f"\x1e{self.nonce} "):
            return None
        found = re.fullmatch(
            r"([a-z]+) (\d+)(?: (\d+))?(?: (.*))?", line[len(self.nonce) + 2 :], re.DOTALL
        )
        if found is None:
            return None
        verb, index, status, text = found.groups()
        return Mark(verb, int(index), int(status or 0), text or "")


def records(framing: Framing, lines: list[str]) -> dict[tuple[str, int], str]:
    """Return what was printed after each mark of `lines`, without the last newlines."""
    found: dict[tuple[str, int], list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        mark = framing.read(line)
        if mark is not None:
            current = found.setdefault((mark.verb, mark.index), [])
        elif current is not None:
            current.append(line)
    return {key: "\n".join(text).rstrip("\n") for key, text in found.items()}
