"""Where an agent works: the project's folder, a clone, or a git worktree of a branch of its own.

Worktrees let several agents work on one repo at once. They stand beside the clone, in ~/code, so
that whatever asks what would be lost finds them.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from provision.shell import quote, quote_path

_LONGEST_NAME = 32
"""Of a session: see `sessions.py`."""


@dataclass(frozen=True)
class Workplace:
    """One place, as the flags say."""

    directory: str
    repo: str = ""
    """The folder of the clone, where it was asked for."""
    branch: str = ""
    below: str = ""
    """What tells the folder from others, where it is one of this computer."""
    before: str = ""
    """Shell that makes the directory, or ends."""

    @property
    def flags(self) -> str:
        """What to type to come here again."""
        flags = (("--repo", self.repo), ("--worktree", self.branch))
        return "".join(f" {flag} {quote(value)}" for flag, value in flags if value)

    def session_name(self, agent: str) -> str:
        """Return a name for the session of `agent` here, other than that of one elsewhere."""
        words = (agent, self.repo, self.branch, self.below)
        clean = [re.sub(r"[^A-Za-z0-9_]+", "-", word).strip("-") for word in words]
        name = "-".join(filter(None, clean))
        if self.below and (name != f"{agent}-{self.below}" or len(name) > _LONGEST_NAME):
            # Two folders must not share a session: the name alone would not tell them apart.
            digest = hashlib.sha256(os.fsencode(self.below)).hexdigest()[:6]
            return f"{name[: _LONGEST_NAME - 7].strip('-')}-{digest}"
        return name[:_LONGEST_NAME].strip("-")


def workplace(
    directory: str,
    clone: str = "",
    *,
    is_named: bool = False,
    branch: str = "",
    below: str = "",
) -> Workplace:
    """Return the place on `branch` of `clone`, or `clone` itself, or else `directory`.

    `is_named` tells that the person named the repo: the session's name shows it then, as it shows
    `below`, which tells `directory` from other folders of this computer.
    """
    repo = PurePosixPath(clone).name if is_named else ""
    if branch:
        return Workplace(folder(clone, branch), repo, branch, before=script(clone, branch))
    return Workplace(clone or directory, repo, below=below)


def folder(clone: str, branch: str) -> str:
    """Return where the worktree of `branch` stands: `~/code/blog@feature-login`."""
    return f"{clone}@{branch.replace('/', '-')}"


def script(clone: str, branch: str) -> str:
    """Return shell that makes sure the worktree is there, and leaves the shell otherwise.

    A branch that exists is taken, here or at `origin`; else it begins where the clone stands. The
    worktree that is there already is used as it is, if it is of this clone and on this branch.
    """
    return f"""\
clone={quote_path(clone)}
tree={quote_path(folder(clone, branch))}
branch={quote(branch)}
refuse() {{ echo "no worktree of $branch: $1" >&2; exit 1; }}
common() {{ git -C "$1" rev-parse --path-format=absolute --git-common-dir 2>/dev/null; }}
has() {{ git -C "$clone" show-ref --verify --quiet "refs/$1/$branch"; }}
[ -n "$(common "$clone")" ] || refuse "there is no clone $clone in the machine"
git -C "$clone" worktree prune
if [ -e "$tree" ]; then
  [ "$(common "$tree")" = "$(common "$clone")" ] || refuse "$tree is something else"
  on=$(git -C "$tree" symbolic-ref --short -q HEAD || echo 'no branch')
  [ "$on" = "$branch" ] || refuse "$tree is on $on"
elif has heads; then
  git -C "$clone" worktree add --quiet "$tree" "$branch" >&2 || exit 1
elif has remotes/origin; then
  git -C "$clone" worktree add --quiet --track -b "$branch" "$tree" "origin/$branch" >&2 || exit 1
else
  git -C "$clone" worktree add --quiet --no-track -b "$branch" "$tree" >&2 || exit 1
fi
"""
