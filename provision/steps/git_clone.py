"""Clones of git repositories."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, RunAs, Step
from .path import require_path
from .write import parent_word


@dataclass(frozen=True)
class GitClone(Step):
    """A clone of `url` at `to`, made as the login user with the forwarded agent.

    A clone that is there is never touched, whatever its branch, remote or state of work. One that
    is cut off leaves nothing at `to`: it grows beside it and is renamed when it is whole. A host
    whose key is pinned must show that key; of others the first key seen is kept when
    `accept_new_hosts`. State: `clone`, `other` for anything else that is in the way, or nothing.
    """

    kind = "git-clone"

    run_as: RunAs = field(default="login", kw_only=True)
    needs_agent: bool = field(default=True, kw_only=True)

    url: str
    to: str
    branch: str = field(default="", kw_only=True)
    """Empty: the one that the remote's HEAD names."""
    submodules: bool = field(default=True, kw_only=True)
    accept_new_hosts: bool = field(default=True, kw_only=True)
    protocols: tuple[str, ...] = field(default=("ssh", "https"), kw_only=True)
    """What git may speak, submodules included: `ext::` would run a command."""

    def __post_init__(self) -> None:
        """Refuse URLs and branches that git could take for an option."""
        require_path(self.to)
        for what in (self.url, self.branch):
            if what.startswith("-") or re.search(r"[\x00-\x20\x7f]", what):
                message = f"no address or branch of a repository: {what!r}"
                raise ValueError(message)
        if not self.url or not all(re.fullmatch(r"[a-z][a-z0-9+-]*", p) for p in self.protocols):
            message = f"no address of a repository: {self.url!r} by {self.protocols}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """Where the clone is."""
        return self.to

    def probe(self) -> str:
        """Look for a clone, or for what is in its way, with little more than the shell."""
        to = quote_path(self.to)
        return "\n".join(
            [
                f"if [ -e {to}/.git ]; then echo clone",
                f"elif [ -e {to} ] || [ -L {to} ]; then",
                f'[ -d {to} ] && [ -z "$(ls -A {to})" ] || echo other',
                "fi",
            ]
        )

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Clone where there is none."""
        del facts
        if state == "clone":
            return None
        if state == "other":
            return Change(f"{self.to} is no clone and not empty: move it out of the way", "")
        return Change(f"clone {self.url} to {self.to}", self._script())

    def _script(self) -> str:
        to, parent = quote_path(self.to), parent_word(self.to)
        # One fixed name, so that what a killed clone left is found and cleared away.
        growing = f"{parent}/{quote(f'.{posixpath.basename(self.to)}.nopal-clone')}"
        answer = "accept-new" if self.accept_new_hosts else "yes"
        checking = f"-o StrictHostKeyChecking={answer}"
        options = ["--recurse-submodules"] if self.submodules else []
        if self.branch:
            options.append(quote(f"--branch={self.branch}"))
        command = " ".join(["git clone", *options, "--", quote(self.url), growing])
        return "\n".join(
            [
                f"export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL={':'.join(self.protocols)}",
                f"export GIT_SSH_COMMAND='ssh -o BatchMode=yes {checking}'",
                f"mkdir -p -- {parent}",
                f"rm -rf -- {growing}",
                f"trap 'rm -rf -- {_in_single_quotes(growing)}' EXIT",
                command,
                f"mv -T -- {growing} {to}",
            ]
        )


def _in_single_quotes(text: str) -> str:
    return text.replace("'", "'\\''")
