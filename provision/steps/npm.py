"""Global npm packages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, Step
from .path import require_path
from .program import LATEST, Program

_PACKAGE = re.compile(r"(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*", re.IGNORECASE)
_VERSION = re.compile(rf"([0-9][0-9A-Za-z.+-]*|{LATEST})?")
_FOUND = re.compile(r'/lib/node_modules/(.+)/package\.json:"version"\s*:\s*"([^"]*)"')


@dataclass(frozen=True)
class Npm(Program):
    """A global npm package, at exactly `version`, at `latest`, or at any when that is empty.

    State: the installed version, or nothing, read from its package.json: starting npm to ask
    takes half a second. All packages go in by one `npm install`, below `prefix`, whatever npm's
    own prefix is, so that a new Node does not lose them and their commands are on everybody's
    PATH.
    """

    kind = "npm"
    merges_after = ("archive", "first-of")

    package: str
    version: str = ""
    prefix: str = field(default="/usr/local", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what npm could take for an option, a path, a URL or a range."""
        require_path(self.prefix)
        if not _PACKAGE.fullmatch(self.package) or not _VERSION.fullmatch(self.version):
            message = f"no npm package at an exact version: {self.spec!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package

    @property
    def wanted(self) -> str:
        """The version that is asked for."""
        return self.version

    def installed(self, state: str) -> str:
        """Return the installed version: the state itself."""
        return state

    @property
    def spec(self) -> str:
        """What npm is asked for."""
        return f"{self.package}@{self.version}" if self.version else self.package

    @property
    def manifest(self) -> str:
        """The package.json that tells the version."""
        return f"{self.prefix}/lib/node_modules/{self.package}/package.json"

    def probe(self) -> str:
        """Read this one package's version."""
        return f'{self.batch_probe([self])} | sed \'s/.*"version"[^"]*"//; s/".*//; q\''

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Install the wanted version."""
        del facts
        if self.moves:
            return self.refresh(state, f"{self._unless_newest(state)}\n{_script([self])}")
        if self.is_enough(state):
            return None
        instead = f" instead of {state}" if state else ""
        return Change(f"install {self.spec}{instead}", _script([self]))

    def _unless_newest(self, found: str) -> str:
        # npm would install the same version once more.
        newest = f"npm view --no-update-notifier {quote(self.spec)} version"
        return f'nopal_newest=$({newest})\n[ "$nopal_newest" != {quote(found)} ] || exit 0'

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Find all versions with one `grep`."""
        files = join([step.manifest for step in steps if isinstance(step, Npm)])
        # The first mention in a package.json is the package's own.
        return f'grep -m 1 -o -H \'"version"[[:space:]]*:[[:space:]]*"[^"]*"\' -- {files}'

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each package's version."""
        versions: dict[str, str] = {}
        for line in output.split("\n"):
            found = _FOUND.search(line)
            if found:
                versions.setdefault(found[1], found[2])
        return [versions.get(step.name, "") for step in steps]

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change | None:
        """Install all packages with one `npm install`."""
        packages = [step for step in steps if isinstance(step, Npm)]
        if len({step.prefix for step in packages}) > 1 or any(step.moves for step in packages):
            return None
        return Change("; ".join(change.summary for change in changes), _script(packages))


def _script(packages: Sequence[Npm]) -> str:
    specs = join([package.spec for package in packages])
    install = (
        "npm install --global --no-fund --no-audit --no-update-notifier --no-progress"
        f" --prefix={quote(packages[0].prefix)}"
    )
    lines = ["command -v npm >/dev/null || { echo 'npm is not installed'; exit 1; }"]
    if len(packages) == 1:
        return "\n".join([*lines, f"{install} -- {specs}"])
    return "\n".join(
        [
            *lines,
            f"if ! {install} -- {specs}; then",
            'echo "the packages cannot be installed together: installing one by one"',
            "nopal_failed=",
            f"for nopal_package in {specs}; do",
            f'{install} -- "$nopal_package" || nopal_failed="$nopal_failed $nopal_package"',
            "done",
            '[ -z "$nopal_failed" ] || { echo "could not be installed:$nopal_failed"; exit 1; }',
            "fi",
        ]
    )
