"""Python with uv, for projects and for programs written in Python.

uv comes as its maker publishes it at the Python package index, pinned by checksum. Python itself is
the distribution's, or with `source = "uv"` a pinned CPython that uv fetches and checks; either is
`python3` and `python` for every shell. A project that asks for yet another Python (its
`.python-version` or `requires-python`) gets that one from uv when it is first needed.

The distribution's packages keep using /usr/bin/python3, whatever `source` says. Nothing is ever
installed into either Python: projects have their `.venv`, and each of `tools` an environment of its
own, with its programs in ~/.local/bin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Apt, Check, Command, File, Link, Step, UvTool

from .environment import CA_BUNDLE
from .guest import Guest
from .pin import Pin
from .profile import profile
from .wheel import wheel

UV = Pin(
    "uv",
    "0.13.9",
    registry="pypi",
    package="uv",
    option="uv",
    sha256_option="uv_sha256",
    checksums={
        "x86_64": "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
        "aarch64": "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    },
)
PINS = (UV,)

# No pin of its own: each uv knows the Pythons of its day, with their checksums.
CPYTHON = "3.14.10"

_PYTHONS = "/opt/python"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `python`."""

    source: Literal["distribution", "uv"] = "distribution"
    """Whose Python: Debian's or Ubuntu's own, or the one of `version` by uv."""
    version: str = CPYTHON
    """With `source = "uv"`, an exact CPython that this uv knows."""
    tools: dict[str, str] = msgspec.field(default_factory=dict)
    """Programs by their exact versions, such as `{"ruff" = "0.14.2"}`; an empty one means any."""
    uv: str = UV.version
    """An exact version of uv."""
    uv_sha256: str = ""
    """Checksum of that version's wheel for the machine's architecture."""

    def __post_init__(self) -> None:
        """Refuse versions that are not exact, or that no checksum stands behind."""
        for option, version in (("version", self.version), ("uv", self.uv)):
            if not re.fullmatch(r"\d+\.\d+\.\d+", version):
                message = f"`{option}` is exact, such as {getattr(type(self)(), option)}"
                raise ValueError(message)
        if self.version != CPYTHON and self.source != "uv":
            message = '`version` needs `source = "uv"`: the distribution has one Python'
            raise ValueError(message)
        if self.uv != UV.version and not re.fullmatch(r"[0-9a-f]{64}", self.uv_sha256):
            message = f"uv {self.uv} needs `uv_sha256`, the wheel's checksum in hex"
            raise ValueError(message)


@profile
def python(options: Options, guest: Guest) -> Iterator[Step]:
    """Python with uv, of the distribution or pinned."""
    # `python3 -m venv`, which Debian leaves out of python3; it brings pip's own wheel too.
    yield Apt("python3-venv")
    digest = options.uv_sha256 or UV.checksums[guest.machine]
    yield wheel(UV.package, options.uv, sha256=digest, to="/opt/uv")
    for program in ("uv", "uvx"):
        yield Link(f"/usr/local/bin/{program}", f"/opt/uv/bin/{program}")
    # uv brings its own list of authorities; the system's holds those of the host too.
    yield File("/etc/uv/uv.toml", "system-certs = true\n")
    if options.source == "uv":
        yield from _by_uv(options.version, guest)
    else:
        yield Apt("python-is-python3")
    for tool, version in options.tools.items():
        yield UvTool(tool, version)
    yield Check("uv --version", matches=r"^uv \d+\.")
    # A whole environment, made and used: what every project begins with.
    yield Check(
        "place=$(mktemp -d)\n"
        "trap 'rm -rf \"$place\"' EXIT\n"
        'uv venv --quiet --no-project --python "$(command -v python)" "$place/venv"\n'
        "\"$place/venv/bin/python\" -c 'import ssl, sys; print(sys.version)'",
        matches=rf"^{re.escape(options.version)} " if options.source == "uv" else r"^3\.\d+",
    )


def _by_uv(version: str, guest: Guest) -> Iterator[Step]:
    folder = f"{_PYTHONS}/cpython-{version}-linux-{guest.machine}-gnu"
    script = f"""\
export UV_PYTHON_INSTALL_DIR={_PYTHONS} SSL_CERT_FILE={CA_BUNDLE}
uv python install --no-bin {version}"""
    yield Command(script, creates=f"{folder}/bin/python3", name=f"CPython {version}")
    minor = version.rpartition(".")[0]
    for program in ("python", "python3", f"python{minor}"):
        yield Link(f"/usr/local/bin/{program}", f"{folder}/bin/python3")
