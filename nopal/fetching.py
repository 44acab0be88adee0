"""`fetch`: commits of a machine's clone, brought into a repo here as branches to be read.

Only objects and branch names cross, by git's own protocol over ssh. Nothing that the machine or its
clone says chooses a command, another server, a path or a ref outside of the remote's own.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard.errors import printable

from .last_words import listen
from .machine_errors import MachineError

_SHOWN = 30
_LIMIT = 'ulimit -f "$1"; shift; exec "$@"'
_ULIMIT_BLOCK = 512
_OPTIONS = {
    "core.hooksPath": "/dev/null",
    "fetch.fsckObjects": "true",
    "transfer.fsckObjects": "true",
    # All in one pack: the limit of a file's size is then the limit of it all.
    "fetch.unpackLimit": "1",
    "transfer.unpackLimit": "1",
    # Else a server may name other servers to load from.
    "transfer.bundleURI": "false",
    "fetch.uriProtocols": "",
    "fetch.writeCommitGraph": "false",
    "fetch.pruneTags": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}


@dataclass(eq=False)
class FetchFailed(MachineError):
    """git did not take what the machine has."""

    machine: str
    said: str

    def __str__(self) -> str:
        said = "\n".join(f"  {printable(line)}" for line in self.said.splitlines()[-6:])
        return f"git did not fetch from the machine {self.machine}; no branch was changed:\n{said}"


@dataclass(eq=False)
class RemoteTaken(MachineError):
    """A remote of that name is the person's own."""

    remote: str
    url: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"this repo has a remote `{self.remote}` already, for {printable(self.url)}\n"
            f"give it another name: git remote rename {self.remote} …"
        )


@dataclass(frozen=True)
class Branch:
    """One branch as it was before and is now; "" where it is not."""

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class Fetching:
    """A repo here, and the machine's clone as its remote."""

    root: Path
    remote: str
    url: str
    """As ssh and git read it: `nopal-blog:/home/dev/code/x`."""
    ssh_hosts: Path
    """The ssh configuration in which the machine is a host."""
    environ: Mapping[str, str]

    def run(self, machine: str, room: int) -> tuple[Branch, ...]:
        """Fetch, taking at most `room` bytes of the disk; return the branches that differ now.

        Raises:
            FetchFailed, RemoteTaken.
        """
        self._declare()
        before = self._branches()
        blocks = str(room // _ULIMIT_BLOCK)
        command = ["sh", "-c", _LIMIT, "sh", blocks, *fetch_command(self.remote)]
        said = bytearray()
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            if process.stdout is not None:
                listen(process.stdout, said)
        if process.returncode != 0:
            raise FetchFailed(machine, said.decode(errors="replace"))
        now = self._branches()
        return tuple(
            Branch(name, before.get(name, ""), now.get(name, ""))
            for name in sorted(before.keys() | now.keys())
            if before.get(name) != now.get(name)
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what git gets: nothing but ssh to the hosts that nopal knows, and no question."""
        kept = {name: value for name, value in self.environ.items() if not name.startswith("GIT_")}
        return {
            **kept,
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": "ssh",
            "GIT_SSH_COMMAND": f"ssh -F {shlex.quote(str(self.ssh_hosts))}",
            "GIT_SSH_VARIANT": "ssh",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def _declare(self) -> None:
        """Note the remote in the repo's configuration, so that git shows and completes it."""
        found = self._ask("config", "--get", f"remote.{self.remote}.url").strip()
        if found and not found.startswith(f"{self.remote}:"):
            raise RemoteTaken(self.remote, found)
        wanted = {
            "url": self.url,
            "fetch": refspec(self.remote),
            "tagOpt": "--no-tags",
            "skipFetchAll": "true",
        }
        for key, value in wanted.items():
            self._ask("config", "--replace-all", f"remote.{self.remote}.{key}", value)

    def _branches(self) -> dict[str, str]:
        place = f"refs/remotes/{self.remote}/"
        listed = self._ask("for-each-ref", "--format=%(objectname) %(refname)", place)
        pairs = (line.split(" ", 1) for line in listed.splitlines())
        return {name.removeprefix(place): commit for commit, name in pairs}

    def _ask(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return done.stdout.decode(errors="replace")


def refspec(remote: str) -> str:
    """Return which refs of the machine become which here: branches, and below the remote only."""
    return f"+refs/heads/*:refs/remotes/{remote}/*"


def fetch_command(remote: str) -> Sequence[str]:
    """Return the argv of git; see git-fetch(1)."""
    options = {
        **_OPTIONS,
        f"remote.{remote}.followRemoteHEAD": "never",
        f"remote.{remote}.pruneTags": "false",
    }
    return [
        "git",
        *(word for key, value in options.items() for word in ("-c", f"{key}={value}")),
        "fetch",
        "--quiet",
        "--no-progress",
        "--no-tags",
        "--prune",
        "--refmap=",
        "--no-auto-gc",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--upload-pack=git-upload-pack",
        "--",
        remote,
        refspec(remote),
    ]


def told(remote: str, branches: Sequence[Branch]) -> tuple[str, ...]:
    """Return lines for a person: what is new, and how it is read."""
    if not branches:
        return ("nothing new",)
    lines = [_line(remote, branch) for branch in branches[:_SHOWN]]
    if len(branches) > _SHOWN:
        lines.append(f"… and {len(branches) - _SHOWN} more branches")
    fresh = next((branch for branch in branches if branch.now), None)
    if fresh is not None:
        since = fresh.before[:12] or "HEAD"
        lines.append(f"read it: git log -p {since}..{shlex.quote(f'{remote}/{fresh.name}')}")
    return tuple(lines)


def _line(remote: str, branch: Branch) -> str:
    name = f"{remote}/{branch.name}"
    if not branch.now:
        return f"{name} is gone"
    return f"{name} {'moved to' if branch.before else 'is new at'} {branch.now[:12]}"
