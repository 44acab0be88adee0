"""Debian packages from the repositories that apt knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, Step
from .debian_version import is_at_least

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?")
_VERSION = re.compile(r"[A-Za-z0-9.+~:-]*")

STAMP = "/var/lib/nopal/apt-lists"
"""Touched after each update: the lists themselves keep the time that the mirror gave them."""

# What every use of apt needs. An update says in words, not by its status, that it failed; apt
# waits by itself for dpkg's lock but not for that of the lists, which a machine that just booted
# may hold.
APT_FUNCTIONS = f"""\
nopal_unasked() {{
DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a APT_LISTCHANGES_FRONTEND=none "$@"
}}
nopal_apt() {{
nopal_unasked apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \\
-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}}
nopal_install() {{
nopal_apt install --no-install-recommends "$@"
}}
nopal_update() {{
nopal_log=$(mktemp)
for nopal_try in 1 2 3 4 5 6 7 8 9 10 11 12; do
apt-get update "$@" 2>&1 | tee "$nopal_log"
grep -q '^E: Could not get lock /var/lib/apt/lists/' "$nopal_log" || break
echo "another program reads the package lists; waiting (try $nopal_try of 12)"
sleep 5
done
nopal_ok=0
if grep -q '^E: ' "$nopal_log"; then nopal_ok=1; fi
rm -f -- "$nopal_log"
return "$nopal_ok"
}}
nopal_refresh() {{
nopal_update -q || return
mkdir -p /var/lib/nopal
: >{STAMP}
}}
nopal_is_stale() {{
for nopal_list in /var/lib/apt/lists/*Release; do [ -e "$nopal_list" ] || return 0; break; done
[ -n "$(find {STAMP} -mmin -1440 2>/dev/null)" ] || return 0
[ -n "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer {STAMP} 2>/dev/null)" ]
}}
nopal_get() {{
if nopal_is_stale; then
nopal_refresh || echo "the package lists could not be brought up to date"
nopal_install "$@" && return
else
nopal_install "$@" && return
nopal_refresh || :
fi
nopal_unasked dpkg --force-confdef --force-confold --configure -a || :
nopal_install "$@" && return
[ $# -gt 1 ] || return
echo "the packages cannot be installed together: installing one by one"
nopal_failed=
for nopal_one do nopal_install "$nopal_one" || nopal_failed="$nopal_failed $nopal_one"; done
[ -z "$nopal_failed" ] || {{ echo "could not be installed:$nopal_failed"; return 1; }}
}}"""


@dataclass(frozen=True)
class Apt(Step):
    """An installed Debian package, of `version_at_least` where that is given.

    State: the installed version, or nothing. All packages of a run are installed by one
    `apt-get`; when that fails each is tried alone, so that the guilty one is named and the others
    are there. Lists are brought up to date when they are a day old, older than a source, or when
    something is not found.
    """

    kind = "apt"
    merges_after = ("apt-repository", "deb")

    package: str
    version_at_least: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what apt could take for an option, a pattern or a version."""
        if not _PACKAGE.fullmatch(self.package) or not _VERSION.fullmatch(self.version_at_least):
            message = f"no name of a Debian package: {self.package!r} {self.version_at_least!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package

    def probe(self) -> str:
        """Ask dpkg for this one package."""
        return f"dpkg-query -W -f='${{db:Status-Status}} ${{Version}}\\n' {self.package} |\n" + (
            "sed -n 's/^installed //p' | head -n 1"
        )

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Install the package, or bring it up to the minimum."""
        del facts
        if state and (not self.version_at_least or is_at_least(state, self.version_at_least)):
            return None
        verb = f"upgrade {self.package} from {state}" if state else f"install {self.package}"
        return Change(verb, _script([self]))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Ask dpkg for all packages with one `dpkg-query`."""
        names = join([step.package for step in steps if isinstance(step, Apt)])
        fields = "${db:Status-Status} ${Package} ${Architecture} ${Version}\\n"
        # It fails when it does not know one of them, and still tells of the others.
        return f"dpkg-query -W -f='{fields}' {names} || :"

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each package's version."""
        versions: dict[str, str] = {}
        for line in output.split("\n"):
            status, package, architecture, version = [*line.split(" "), "", "", ""][:4]
            if status == "installed":
                versions.setdefault(package, version)
                versions[f"{package}:{architecture}"] = version
        return [versions.get(step.name, "") for step in steps]

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change:
        """Install all packages with one `apt-get`."""
        packages = [step for step in steps if isinstance(step, Apt)]
        summary = "; ".join(change.summary for change in changes)
        return Change(summary, _script(packages))


def _script(steps: Sequence[Apt]) -> str:
    lines = [APT_FUNCTIONS, f"nopal_get {join([step.package for step in steps])}"]
    for step in steps:
        if step.version_at_least:
            wanted = step.version_at_least
            lines += [
                f"nopal_has=$(dpkg-query -W -f='${{Version}}' {quote(step.package)})",
                f'dpkg --compare-versions "$nopal_has" ge {quote(wanted)} || {{',
                f'echo "{step.package} is $nopal_has, at least {wanted} is needed"; exit 1; }}',
            ]
    return "\n".join(lines)
