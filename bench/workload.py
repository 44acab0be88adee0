"""What every tool is asked to bring about, in sizes; and whether it did.

The target is this computer: what a tool makes is looked at without it.
"""

from __future__ import annotations

import grp
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SHARES = {"packages": 8, "directories": 2, "links": 2, "lines": 1, "commands": 1}
"""Of 20 resources; files are the rest, and one more is the membership."""
FILE_LINES = 20
FIRST_LINE = "# this file was here before"


@dataclass(frozen=True)
class Entry:
    """A path and what belongs to it: a file's content, a link's target, a line, a marker's text."""

    path: str
    value: str


@dataclass(frozen=True)
class Workload:
    """A list of resources below `tree`, and packages and a membership that hold already."""

    tree: str
    packages: tuple[str, ...]
    directories: tuple[str, ...]
    files: tuple[Entry, ...]
    links: tuple[Entry, ...]
    lines: tuple[Entry, ...]
    commands: tuple[Entry, ...]
    members: tuple[Entry, ...]
    """A user's name and a group it is in; none where this computer has no such user."""
    npm: tuple[Entry, ...] = ()
    """Names and versions of global packages, where packages are to be installed for real."""

    @property
    def size(self) -> int:
        """How many resources it asks for."""
        below_tree = self.directories + self.files + self.links + self.lines + self.commands
        return len(self.packages + below_tree + self.members)

    def reset(self) -> None:
        """Leave nothing in the tree but the files that get a line."""
        tree = Path(self.tree)
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(parents=True)
        for entry in self.lines:
            Path(entry.path).write_text(f"{FIRST_LINE}\n")

    def faults(self) -> list[str]:
        """Return the paths that are not as asked."""
        wrong = [path for path in self.directories if not Path(path).is_dir()]
        wrong += [entry.path for entry in self.files if _text(entry.path) != entry.value]
        wrong += [entry.path for entry in self.links if _target(entry.path) != entry.value]
        wrong += [
            entry.path
            for entry in self.lines
            if _text(entry.path) != f"{FIRST_LINE}\n{entry.value}\n"
        ]
        wrong += [entry.path for entry in self.commands if _text(entry.path) != f"{entry.value}\n"]
        return wrong

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Return inode and time of change of each path, which a no-op leaves alone."""
        found = {}
        for path in Path(self.tree).rglob("*"):
            status = path.lstat()
            found[str(path)] = (status.st_ino, status.st_mtime_ns)
        return found


def workload(tree: Path, size: int, packages: tuple[str, ...]) -> Workload:
    """Return `size` resources in the proportions of `SHARES`, below `tree`."""
    count = {kind: share * (size - 1) // 20 for kind, share in SHARES.items()}
    chosen = packages[: count["packages"]]
    members = existing_member()
    others = len(chosen) + len(members) + sum(count.values()) - count["packages"]
    directories = tuple(f"{tree}/directory-{i}" for i in range(count["directories"]))

    def entries(kind: str, number: int, value: str) -> tuple[Entry, ...]:
        return tuple(Entry(f"{tree}/{kind}-{i}", value.format(i=i)) for i in range(number))

    content = "".join(f"setting_{line} = value {{i}}\n" for line in range(FILE_LINES))
    return Workload(
        tree=str(tree),
        packages=chosen,
        directories=directories,
        files=entries("file", size - others, content),
        links=entries("link", count["links"], f"{tree}/file-{{i}}"),
        lines=entries("line", count["lines"], "option_{i} = yes"),
        commands=entries("made", count["commands"], "made {i}"),
        members=members,
    )


def installed_packages() -> tuple[str, ...]:
    """Return the names of Debian's packages that are installed, each of one architecture only."""
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f=${db:Status-Abbrev}${Package} ${Multi-Arch}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split() for line in shown.splitlines() if line.startswith("ii ")]
    return tuple(row[1] for row in rows if row[-1] != "same")


def existing_member() -> tuple[Entry, ...]:
    """Return the first user who is a member of just one group of /etc/group, with that group."""
    named = [(user, group.gr_name) for group in grp.getgrall() for user in group.gr_mem]
    times = Counter(user for user, _group in named)
    # A tool that is told all groups of a user would take the others away.
    return tuple(Entry(user, group) for user, group in named if times[user] == 1)[:1]


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text()
    except OSError:
        return None


def _target(path: str) -> str | None:
    link = Path(path)
    return str(link.readlink()) if link.is_symlink() else None
