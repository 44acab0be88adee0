"""Debian packages that no repository has: a file from the web."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, Step
from .apt import APT_FUNCTIONS, Apt
from .apt_repository import FETCH
from .debian_version import is_at_least

# A file that holds something else would be installed anew by each run, or be somebody's trick.
_DEB = f"""\
nopal_deb() {{
nopal_deb_name=$1 nopal_deb_file=$2 nopal_deb_url=$3 nopal_deb_digest=$4 nopal_deb_wanted=$5
{FETCH} --output "$nopal_deb_file" --url "$nopal_deb_url"
nopal_sum=$(sha256sum <"$nopal_deb_file"); nopal_sum=${{nopal_sum%% *}}
if [ "$nopal_sum" != "$nopal_deb_digest" ]; then
echo "the checksum of $nopal_deb_url is wrong"
echo "expected $nopal_deb_digest, found $nopal_sum"; exit 1; fi
nopal_held=$(dpkg-deb --field "$nopal_deb_file" Package)
if [ "$nopal_held" != "$nopal_deb_name" ]; then
echo "$nopal_deb_url holds the package $nopal_held, not $nopal_deb_name"; exit 1; fi
nopal_held=$(dpkg-deb --field "$nopal_deb_file" Version)
if ! dpkg --compare-versions "$nopal_held" ge "$nopal_deb_wanted"; then
echo "$nopal_deb_url holds version $nopal_held, not $nopal_deb_wanted"; exit 1; fi
}}"""


@dataclass(frozen=True)
class Deb(Step):
    """The package in the .deb file at `url`, installed by apt together with what it depends on.

    The checksum is found right before anything is installed. With `version`, the one that the file
    holds, an older package is replaced; a newer one stays, since many such packages bring a
    repository to be upgraded from. Without it any version will do. State: the installed version,
    or nothing.
    """

    kind = "deb"
    merges_after = ("apt-repository",)

    package: str
    url: str = field(kw_only=True)
    sha256: str = field(kw_only=True)
    version: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse a name that is none, and a file that could not be checked."""
        Apt(self.package, version_at_least=self.version)
        is_digest = re.fullmatch(r"[0-9a-f]{64}", self.sha256)
        if not is_digest or not self.url.startswith("https://"):
            message = f"{self.package}: a package's file needs an https:// URL and its SHA-256"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package

    def probe(self) -> str:
        """Ask dpkg for this one package."""
        return Apt(self.package).probe()

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Fetch, check and install the file."""
        del facts
        if state and (not self.version or is_at_least(state, self.version)):
            return None
        verb = f"upgrade {self.package} from {state}" if state else f"install {self.package}"
        return Change(f"{verb} by {self.url}", _script([self]))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Ask dpkg for all packages with one `dpkg-query`."""
        return Apt.batch_probe([Apt(step.name) for step in steps])

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each package's version."""
        return Apt.batch_states(steps, output)

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change:
        """Install all files with one `apt-get`: they may depend on each other."""
        summary = "; ".join(change.summary for change in changes)
        return Change(summary, _script([step for step in steps if isinstance(step, Deb)]))


def _script(steps: Sequence[Deb]) -> str:
    lines = [
        APT_FUNCTIONS,
        _DEB,
        "command -v curl >/dev/null || { echo 'curl is not installed'; exit 1; }",
        "nopal_debs=$(mktemp -d)",
        "trap 'rm -rf -- \"$nopal_debs\"' EXIT",
        # apt reads files as a user of its own.
        'chmod 0755 -- "$nopal_debs"',
    ]
    files = []
    for step in steps:
        name = step.package.partition(":")[0]
        file = f'"$nopal_debs"/{step.package.replace(":", "_")}.deb'
        wanted = join([step.url, step.sha256, step.version])
        lines.append(f"nopal_deb {quote(name)} {file} {wanted}")
        files.append(file)
    return "\n".join([*lines, f"nopal_get {' '.join(files)}"])
