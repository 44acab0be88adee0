"""Commands, for what no other kind can say."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote_path
from ..step import Change, Step
from .path import require_path

_LONG = 60


@dataclass(frozen=True)
class Command(Step):
    """Shell that runs unless its guard says that its work is done.

    The guard is the probe: `creates` is a path that is there afterwards, `unless` shell that
    succeeds afterwards; either will do. Without a guard it runs each time, and a plan says so.
    State: `done` or nothing.
    """

    kind = "command"

    script: str
    unless: str = field(default="", kw_only=True)
    creates: str = field(default="", kw_only=True)
    name: str = field(default="", kw_only=True)
    """What its id says; the script's first line when empty."""

    def __post_init__(self) -> None:
        """Give it a name; let `~/` in `creates` choose who runs."""
        if not self.script.strip():
            message = "a command needs a script"
            raise ValueError(message)
        if self.creates:
            require_path(self.creates)
        if self.creates.startswith("~/"):
            object.__setattr__(self, "run_as", "login")
        if not self.name:
            object.__setattr__(self, "name", shorten(self.script))

    def probe(self) -> str:
        """Ask the guard."""
        lines = []
        if self.creates:
            lines.append(f"if [ -e {quote_path(self.creates)} ]; then echo 'done'; exit; fi")
        if self.unless:
            # In parentheses of its own lines: the text may end in a comment, or exit.
            lines.append(f"if (\n{self.unless}\n) >/dev/null 2>&1; then echo 'done'; fi")
        return "\n".join(lines) or ":"

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Run the script when the guard does not say `done`."""
        del facts
        if state == "done":
            return None
        has_guard = bool(self.unless or self.creates)
        verb = "run" if has_guard else "will run"
        return Change(f"{verb} {self.name}", self.script, is_provable=has_guard)


def shorten(script: str) -> str:
    """Return the first line of `script`, cut where it is too long for a name."""
    first = script.strip().splitlines()[0].rstrip()
    return first if len(first) <= _LONG else f"{first[: _LONG - 1]}…"
