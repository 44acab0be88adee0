"""What would be lost with a machine: work in its clones that is nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .screen import printable

# Git's own answers, one line a clone: uncommitted, unpushed, stashed, path.
SCRIPT = r"""
find "$HOME/code" -maxdepth 4 -name .git -prune 2>/dev/null | while IFS= read -r git; do
  cd "${git%/.git}" || continue
  changed=$(git status --porcelain 2>/dev/null | wc -l)
  commits=$(git log --oneline HEAD --branches --not --remotes 2>/dev/null | wc -l)
  stashes=$(git stash list 2>/dev/null | wc -l)
  printf 'work %d %d %d %s\n' "$changed" "$commits" "$stashes" "${git%/.git}"
done
echo asked
"""


@dataclass(frozen=True)
class LostWork:
    """What one clone holds that no remote has."""

    path: str
    uncommitted: int
    unpushed: int
    stashed: int

    def __str__(self) -> str:
        parts = (
            (self.uncommitted, "uncommitted file"),
            (self.unpushed, "unpushed commit"),
            (self.stashed, "stash"),
        )
        return f"{self.path}: " + ", ".join(
            f"{count} {what}{'' if count == 1 else 'es' if what == 'stash' else 's'}"
            for count, what in parts
            if count
        )


def read_answer(lines: Iterable[str]) -> tuple[LostWork, ...] | None:
    """Return the clones that hold such work, or None when the guest did not answer to the end."""
    found = []
    asked = False
    for line in lines:
        words = line.split(" ", 4)
        if line == "asked":
            asked = True
        elif words[0] == "work" and len(words) == 5 and all(w.isdecimal() for w in words[1:4]):  # noqa: PLR2004 - the script's five words
            counts = [int(word) for word in words[1:4]]
            if any(counts):
                found.append(LostWork(printable(words[4]), *counts))
    return tuple(found) if asked else None
