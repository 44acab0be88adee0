"""What a rewind would take away: commits, and files changed since, in the guest's ~/code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .screen import printable

_SCRIPT = r"""
since=@SINCE
newer() { xargs -0 -r sh -c 'find "$@" -maxdepth 0 -type f -newermt "$0" -printf .' "$since"; }
find "$HOME/code" -maxdepth 4 -name .git -prune 2>/dev/null | while IFS= read -r git; do
  cd "${git%/.git}" || continue
  commits=$(git log --all --oneline --since="$since +0000" 2>/dev/null | wc -l)
  files=$(git ls-files -z --cached --others --exclude-standard 2>/dev/null |
    sed -z 's,^,./,' | newer 2>/dev/null | wc -c)
  printf 'work %d %d %s\n' "$commits" "$files" "${git%/.git}"
done
echo asked
"""


@dataclass(frozen=True)
class LostSince:
    """What one clone has that it did not have at the time."""

    path: str
    commits: int
    files: int

    def __str__(self) -> str:
        parts = ((self.commits, "commit"), (self.files, "changed file"))
        return f"{self.path}: " + ", ".join(
            f"{count} {what}{'' if count == 1 else 's'}" for count, what in parts if count
        )


def script(since: int) -> str:
    """Return the shell that asks for what is newer than `since`, in seconds since 1970."""
    return _SCRIPT.replace("@SINCE", f"@{since:d}")


def read_answer(lines: Iterable[str]) -> tuple[LostSince, ...] | None:
    """Return the clones that changed, or None when the guest did not answer to the end."""
    found = []
    asked = False
    for line in lines:
        words = line.split(" ", 3)
        if line == "asked":
            asked = True
        elif words[0] == "work" and len(words) == 4 and all(w.isdecimal() for w in words[1:3]):  # noqa: PLR2004 - the script's four words
            commits, files = (int(word) for word in words[1:3])
            if commits or files:
                found.append(LostSince(printable(words[3]), commits, files))
    return tuple(found) if asked else None
