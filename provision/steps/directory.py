"""Directories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Step
from .path import PathStep, look_at, read_look, split_looks


@dataclass(frozen=True)
class Directory(PathStep):
    """A directory with this mode and owner; a link to a directory will do.

    State: what `stat` says. The owner counts only where root makes it.
    """

    kind = "directory"

    mode: str = field(default="0755", kw_only=True)
    owner: str = field(default="root", kw_only=True)
    group: str = field(default="", kw_only=True)
    """Empty: not looked at, and the owner's own group when the directory is made."""

    def probe(self) -> str:
        """Look at this one path."""
        return look_at([self.path], follow=True)

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Make the directory, or set what differs of it."""
        del facts
        look = read_look(state)
        as_root = self.run_as == "root"
        if look.kind not in {"absent", "directory"}:
            return Change(f"{self.path} is no directory: move it out of the way", "")
        is_right = look.has_mode(self.mode) and (
            not as_root or (look.owner == self.owner and self.group in {"", look.group})
        )
        if is_right:
            return None
        path = quote_path(self.path)
        lines = [f"mkdir -p -- {path}"]
        if as_root:
            lines.append(f"chown {quote(f'{self.owner}:{self.group}')} -- {path}")
        lines.append(f"chmod {quote(self.mode)} -- {path}")
        verb = "make" if look.kind == "absent" else "set owner and mode of"
        return Change(f"{verb} {self.path}", "\n".join(lines))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Look at all directories with one `stat`."""
        return look_at([step.path for step in steps if isinstance(step, Directory)], follow=True)

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each directory's part of the look."""
        return split_looks(len(steps), output)
