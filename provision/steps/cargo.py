"""Programs written in Rust, compiled on the guest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, RunAs, Step
from .program import LATEST, Program

_CRATE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_VERSION = re.compile(rf"(\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?|{LATEST})?")
_FEATURE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+./-]*")

_SETUP = """\
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
command -v cargo >/dev/null || { echo 'cargo is not installed'; exit 1; }\
"""


@dataclass(frozen=True)
class Cargo(Program):
    """A crate's programs for the login user: at exactly `version`, at `latest`, at any when empty.

    Compiled with the versions that its own lock file names. State: cargo's record of what it
    installed, `.crates2.json`; cargo itself is not started to ask.
    """

    kind = "cargo"
    merges_after = ("apt", "archive", "command", "deb", "first-of")

    run_as: RunAs = field(default="login", kw_only=True)

    crate: str
    version: str = ""
    features: tuple[str, ...] = field(default=(), kw_only=True)
    """To be compiled in, besides the default ones."""

    def __post_init__(self) -> None:
        """Refuse what cargo could take for an option, a path, a URL or a range."""
        if (
            not _CRATE.fullmatch(self.crate)
            or not _VERSION.fullmatch(self.version)
            or not all(_FEATURE.fullmatch(each) for each in self.features)
        ):
            message = f"no crate at an exact version: {self.spec!r} {self.features}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The crate's name."""
        return self.crate

    @property
    def wanted(self) -> str:
        """The version that is asked for."""
        return self.version

    def installed(self, state: str) -> str:
        """Return the installed version."""
        return next((version for version, _features in self._installed(state)), "")

    @property
    def spec(self) -> str:
        """What cargo is asked for; without a version, for the newest."""
        return self.crate if self.version in {"", LATEST} else f"{self.crate}@{self.version}"

    def probe(self) -> str:
        """Read cargo's record."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Install the wanted version with the wanted features."""
        del facts
        if self.moves:
            return self.refresh(state, _script([self]))
        version = ""
        for version, features in self._installed(state):
            if self.is_enough(version) and features.issuperset(self.features):
                return None
        extra = f" with {', '.join(self.features)}" if self.features else ""
        instead = f" instead of {version}" if version else ""
        return Change(f"install {self.spec}{extra}{instead}", _script([self]))

    def _installed(self, state: str) -> Iterator[tuple[str, frozenset[str]]]:
        record = json.loads(state or "{}")
        installs = record.get("installs", {}) if isinstance(record, dict) else None
        if not isinstance(installs, dict):
            message = "cargo's record of what is installed has an unknown form"
            raise ValueError(message)
        for package, details in installs.items():
            # `crate version (source)`
            crate, version = [*str(package).split(" "), ""][:2]
            if crate == self.crate and isinstance(details, dict):
                yield version, frozenset(details.get("features", ()))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Read cargo's record once for all crates."""
        del steps
        return 'cat -- "${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/.crates2.json"'

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return the whole record for each crate."""
        return [output] * len(steps)

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change | None:
        """Install all crates with one `cargo install`, which goes on when one fails."""
        crates = [step for step in steps if isinstance(step, Cargo)]
        # The flag would ask every crate for the feature.
        if any(crate.features for crate in crates):
            return None
        return Change("; ".join(change.summary for change in changes), _script(crates))


def _script(crates: Sequence[Cargo]) -> str:
    features = ",".join(crates[0].features)
    flag = f" --features={quote(features)}" if features else ""
    return f"{_SETUP}\ncargo install --locked{flag} -- {join([crate.spec for crate in crates])}"
