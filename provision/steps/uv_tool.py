"""Programs written in Python, each in an environment of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, RunAs, Step
from .program import LATEST, Program

_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(rf"([0-9][0-9A-Za-z.!+_-]*|{LATEST})?")
_PYTHON = re.compile(r"([A-Za-z0-9/][A-Za-z0-9/._+-]*)?")
_FOUND = re.compile(r"(uv|pipx) (\S+) (.+)-([^-]+)\.dist-info")

_DATA = 'nopal_data=${XDG_DATA_HOME:-"$HOME/.local/share"}'
# pipx goes on using its old place where that exists.
_PIPX = """\
nopal_pipx=${PIPX_HOME:-"$nopal_data/pipx"}
if [ -z "${PIPX_HOME-}" ] && [ -d "$HOME/.local/pipx" ]; then nopal_pipx=$HOME/.local/pipx; fi
nopal_pipx=$nopal_pipx/venvs\
"""

# The receipt is written last: without it an installation was cut off.
_LIST = f"""\
{_DATA}
{_PIPX}
nopal_uv=${{UV_TOOL_DIR:-"$nopal_data/uv/tools"}}
nopal_tools() {{
nopal_manager=$1 nopal_place=$2 nopal_receipt=$3; shift 3
for tool do
[ -f "$nopal_place/$tool/$nopal_receipt" ] || continue
for f in "$nopal_place/$tool"/lib/python*/site-packages/*.dist-info; do
printf '%s\\n' "$nopal_manager $tool ${{f##*/}}"
done
done
}}\
"""


@dataclass(frozen=True)
class UvTool(Program):
    """A Python program of the login user: at exactly `version`, at `latest`, at any when empty.

    `uv tool` installs it where there is uv, else pipx; what pipx has installed stays pipx's. State:
    the packages in the tool's environment as their folders are named, which the shell lists by
    itself: neither manager is started to ask.
    """

    kind = "uv-tool"

    run_as: RunAs = field(default="login", kw_only=True)

    package: str
    version: str = ""
    python: str = field(default="", kw_only=True)
    """The Python to install it for, such as `3.12`; one that is installed stays with its own."""

    def __post_init__(self) -> None:
        """Refuse what could be taken for an option, a path, a URL or a range."""
        if (
            not _PACKAGE.fullmatch(self.package)
            or not _VERSION.fullmatch(self.version)
            or not _PYTHON.fullmatch(self.python)
        ):
            message = f"no Python package at an exact version: {self.spec!r} {self.python!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The package's name as it is looked up: in small letters, with single dashes."""
        return _normal(self.package)

    @property
    def wanted(self) -> str:
        """The version that is asked for."""
        return self.version

    def installed(self, state: str) -> str:
        """Return the installed version."""
        return self._found(state)[1]

    def is_enough(self, found: str) -> bool:
        """See Program; a wheel may spell the version in another way."""
        return super().is_enough(found) or (bool(found) and _parts(found) == _parts(self.version))

    @property
    def spec(self) -> str:
        """What the manager is asked for."""
        if self.version in {"", LATEST}:
            return self.package
        return f"{self.package}=={self.version}"

    def probe(self) -> str:
        """List this one tool's environment."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Install the wanted version."""
        del facts
        manager, version = self._found(state)
        if self.moves:
            return self.refresh(state, self._script(manager))
        if self.is_enough(version):
            return None
        instead = f" instead of {version}" if version else ""
        return Change(f"install {self.spec}{instead}", self._script(manager))

    def _found(self, state: str) -> tuple[str, str]:
        """Return who installed it, and its version."""
        for line in state.split("\n"):
            found = _FOUND.fullmatch(line)
            if found and found[2] == self.name == _normal(found[3]):
                return found[1], found[4]
        return "", ""

    def _script(self, manager: str) -> str:
        python = f" --python={quote(self.python)}" if self.python else ""
        upgrade = " --upgrade" if self.moves else ""
        by_uv = (
            "if command -v uv >/dev/null; then",
            f"UV_NO_PROGRESS=1 uv tool install{upgrade}{python} {quote(self.spec)}; exit; fi",
        )
        by_pipx = (
            "if command -v pipx >/dev/null; then",
            # It leaves alone what it finds, be it of another version or cut off half-way.
            f'set --; if [ -e "$nopal_pipx"/{self.name} ]; then set -- --force; fi',
            f'USE_EMOJI=0 pipx install "$@"{python} {quote(self.spec)}; exit; fi',
        )
        ways = (by_pipx, by_uv) if manager == "pipx" else (by_uv, by_pipx)
        return "\n".join(
            [
                _DATA,
                _PIPX,
                'export PATH="$HOME/.local/bin:$HOME/.cargo/bin:$PATH"',
                *(line for way in ways for line in way),
                "echo 'neither uv nor pipx is installed'; exit 1",
            ]
        )

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """List all tools' environments without a single process."""
        names = join([step.name for step in steps])
        return "\n".join(
            [
                _LIST,
                f'nopal_tools uv "$nopal_uv" uv-receipt.toml {names}',
                f'nopal_tools pipx "$nopal_pipx" pipx_metadata.json {names}',
            ]
        )

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each tool's lines."""
        lines: dict[str, list[str]] = {}
        for line in output.split("\n"):
            _, _, rest = line.partition(" ")
            lines.setdefault(rest.partition(" ")[0], []).append(line)
        return ["\n".join(lines.get(step.name, [])) for step in steps]


def _normal(name: str) -> str:
    """Return a package's name in the one spelling that indexes and environments agree on."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _parts(version: str) -> list[str]:
    """Return `version` comparable with how wheels spell it: `2024.01.0` is their `2024.1`."""
    parts = [part.lstrip("0") or "0" for part in re.split(r"[-_.+]", version.lower())]
    while parts and parts[-1] == "0":
        parts.pop()
    return parts
