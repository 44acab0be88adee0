"""Checks: what shall be seen when all is done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..facts import Facts
from ..step import Change, RunAs, Step
from .command import shorten

_LINES = 3


@dataclass(frozen=True)
class Check(Step):
    """A script that succeeds and prints what the expression `matches` finds; changes nothing.

    It runs as the login user, as a person would try it. State: the output with errors in place,
    and its exit status on a last line of its own.
    """

    kind = "check"
    only_proves = True

    run_as: RunAs = field(default="login", kw_only=True)

    script: str
    matches: str = field(default="", kw_only=True)
    """Searched for in the output, `^` and `$` standing for line ends."""

    def __post_init__(self) -> None:
        """Refuse an empty script and a broken expression."""
        if not self.script.strip():
            message = "a check needs a script"
            raise ValueError(message)
        try:
            re.compile(self.matches)
        except re.error as error:
            message = f"the check {self.script!r} has a broken expression: {error}"
            raise ValueError(message) from error

    @property
    def name(self) -> str:
        """The script's first line."""
        return shorten(self.script)

    def probe(self) -> str:
        """Run the script; its exit status follows its output."""
        return f"( set -e\n{self.script}\n) 2>&1\nprintf '\\n%s\\n' \"$?\""

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Fail with what was seen, where that is not what was expected."""
        del facts
        output, _, status = state.rpartition("\n")
        output = output.strip()
        if status == "0" and re.search(self.matches, output, re.MULTILINE):
            return None
        seen = " / ".join(output.splitlines()[-_LINES:]) or "no output"
        if status != "0":
            return Change(f"{self.name}: exit status {status or 'unknown'}: {seen}", "")
        return Change(f"{self.name}: expected {self.matches!r}, saw {seen!r}", "")
