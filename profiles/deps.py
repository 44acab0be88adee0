"""The dependencies that the project's repos pin, installed once their clones are there.

A clone with a lock file gets what that file pins, by the manager that the repo names: the
`packageManager` of its package.json (npm, pnpm, yarn or bun, at that version, by corepack), else
the one whose lock file it is; and `uv sync --frozen` where there is a `uv.lock`. That happens once
for each content of the lock file. Only commands that leave the lock file as it is are used, and one
with changes that are not committed is left alone. What was done is noted in the clone's .git/nopal.

Not looked at are folders below the top one (a workspace has its lock file at the top), repos
without a lock file, and `requirements.txt`: it says neither which Python nor which environment it
is for, and seldom pins everything.

Install scripts are other people's programs. They run as the user of the machine and do not get the
SSH agent of `inv up`; dependencies that only it could fetch have to be installed by hand. Where the
profile with the manager is missing, a line says which one to add, and the step does not fail.

Leave one repo out by `{ url = "…", dependencies = false }`, all of them by `install = false`. After
a `git pull` in the machine, `nopal-dependencies FOLDER` does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from provision import Change, Facts, File, RunAs, Step
from provision.shell import quote_path

from .data import read_data
from .guest import Guest
from .pin import Pin
from .profile import profile

# For repos with a lock file and no `packageManager`, by what the lock file's format asks for.
PNPM = Pin("pnpm", "10.34.8", registry="npm", package="pnpm", option="", line="10.")
YARN = Pin("yarn", "4.18.1", registry="npm", package="@yarnpkg/cli-dist", option="", line="4.")
BUN = Pin("bun", "1.4.5", registry="npm", package="bun", option="")
PINS = (PNPM, YARN, BUN)

_MANAGERS = {
    "PNPM_7": "7.33.7",
    "PNPM_8": "8.15.9",
    "PNPM_10": PNPM.version,
    "YARN_1": "1.22.22",
    "YARN_3": "3.8.7",
    "YARN_4": YARN.version,
    "BUN": BUN.version,
}
"""The last versions of lines that are no longer kept up stand here alone."""

PROGRAM = "/usr/local/bin/nopal-dependencies"


@dataclass(frozen=True)
class Dependencies(Step):
    """What the lock files of the clone at `path` pin.

    State: what is outstanding, a line for each package manager; nothing as long as there is no
    clone, so that a new one is looked at in the second round, when it is known what will be done.
    """

    kind = "dependencies"

    run_as: RunAs = field(default="login", kw_only=True)

    path: str

    @property
    def name(self) -> str:
        """Where the clone is."""
        return self.path

    def probe(self) -> str:
        """Ask the program, which is not there before the first round."""
        return f"{PROGRAM} --plan {quote_path(self.path)} 2>/dev/null"

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Let the program do what it says is outstanding."""
        del facts
        if not state:
            return None
        return Change("; ".join(state.splitlines()), f"{PROGRAM} {quote_path(self.path)}")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `deps`."""

    install: bool = True
    """Whether anything is installed at all."""


@profile(requires=["repos"])
def deps(options: Options, guest: Guest) -> Iterator[Step]:
    """The dependencies that the project's repos pin, by their own package managers."""  # noqa: D401
    wanted = [repo for repo in guest.repos if repo.dependencies]
    if not options.install or not wanted:
        return
    yield File(PROGRAM, program(), mode="0755")
    for repo in wanted:
        yield Dependencies(repo.path)


def program() -> str:
    """Return the text of the program that installs them."""
    versions = "".join(f"{name}={version}\n" for name, version in _MANAGERS.items())
    return f"#!/bin/sh\n{versions}{read_data('dependencies.sh')}"
