"""Programs written in Go, compiled on the guest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote
from ..step import Change, RunAs, Step
from .program import LATEST, Program

_MODULE = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+(/[A-Za-z0-9_~-][A-Za-z0-9._~+-]*)+")
_VERSION = re.compile(rf"(v[0-9][0-9A-Za-z.+-]*|{LATEST})?")
# The last word of such a path is the module's major version, not the program's name.
_MAJOR = re.compile(r"v([2-9]|[1-9][0-9]+)")

_SETUP = """\
export PATH="$PATH:/usr/local/go/bin"
nopal_go=${GOPATH:-"$HOME/go"}
nopal_go=${GOBIN:-"${nopal_go%%:*}/bin"}\
"""


@dataclass(frozen=True)
class GoInstall(Program):
    """The program of a Go package for the login user, at exactly `version` of its module.

    An empty version and `latest` mean any that is there, else the newest. State: what the program
    says of its package and module, as `go version -m` reads it from the file without running it:
    one process of a few milliseconds for all programs.
    """

    kind = "go-install"

    run_as: RunAs = field(default="login", kw_only=True)

    module: str
    """The path of the package, such as `example.org/tools/cmd/lint`."""
    version: str = ""
    """Of the module that holds the package, such as `v1.2.3`."""

    def __post_init__(self) -> None:
        """Refuse what go could take for an option, a file, a pattern or a query."""
        if not _MODULE.fullmatch(self.module) or not _VERSION.fullmatch(self.version):
            message = f"no Go package at an exact version such as v1.2.3: {self.spec!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The package's path."""
        return self.module

    @property
    def wanted(self) -> str:
        """The version that is asked for."""
        return self.version

    def installed(self, state: str) -> str:
        """Return the installed version of the module."""
        return _versions(state).get(self.module, "")

    def is_enough(self, found: str) -> bool:
        """See Program; go marks modules that are older than its own rules."""
        return super().is_enough(found) or super().is_enough(found.removesuffix("+incompatible"))

    @property
    def spec(self) -> str:
        """What go is asked for."""
        return f"{self.module}@{self.version or LATEST}"

    @property
    def program(self) -> str:
        """The file's name, by go's own rule."""
        *before, last = self.module.split("/")
        return before[-1] if _MAJOR.fullmatch(last) else last

    def probe(self) -> str:
        """Read this one program."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Install the wanted version."""
        del facts
        version = self.installed(state)
        if self.moves:
            return self.refresh(state, self._script())
        if self.is_enough(version):
            return None
        instead = f" instead of {version}" if version else ""
        return Change(f"install {self.spec}{instead}", self._script())

    def _script(self) -> str:
        return "\n".join(
            [
                _SETUP,
                "command -v go >/dev/null || { echo 'go is not installed'; exit 1; }",
                # Said again so that it goes where it is looked for, whatever go's own settings.
                f"GOBIN=$nopal_go go install {quote(self.spec)}",
            ]
        )

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Read all programs with one `go version`."""
        programs = [step.program for step in steps if isinstance(step, GoInstall)]
        files = " ".join(f'"$nopal_go"/{quote(program)}' for program in programs)
        # A go.mod in the home could make it fetch another toolchain only to answer this.
        return (
            f"{_SETUP}\nGOTOOLCHAIN=local go version -m {files} |\n"
            "sed -n -E 's/^\\t(path|mod)\\t/\\1\\t/p'"
        )

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return for each program the lines of all."""
        return [output] * len(steps)


def _versions(state: str) -> dict[str, str]:
    """Return the module's version by package, from lines such as `path P` and `mod M V SUM`."""
    versions: dict[str, str] = {}
    package = ""
    for line in state.split("\n"):
        word, path, version = [*line.split("\t"), "", ""][:3]
        if word == "path":
            package = path
        elif word == "mod" and package:
            versions[package] = version
            package = ""
    return versions
