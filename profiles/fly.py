"""Fly.io's command line, as `fly` and `flyctl`.

From Fly's own release, pinned by checksum. No package registry has the program, so a machine that
cannot reach github.com fails here, with the address that it tried; `mirror` names another place.

No credential is written: `fly auth login` inside, or FLY_API_TOKEN in the environment.

Checksums: https://github.com/superfly/flyctl/releases/download/v0.4.99/flyctl_0.4.99_checksums.txt.
Another version is taken by the options `version` and `sha256` together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Archive, Block, Check, Link, Step

from .guest import Guest
from .pin import Pin
from .profile import profile
from .release import check_release

MIRROR = "https://github.com/superfly/flyctl/releases/download"
FLYCTL = Pin(
    "flyctl",
    "0.4.99",
    registry="github",
    package="superfly/flyctl",
    artefacts={
        "x86_64": f"{MIRROR}/v{{version}}/flyctl_{{version}}_Linux_x86_64.tar.gz",
        "aarch64": f"{MIRROR}/v{{version}}/flyctl_{{version}}_Linux_arm64.tar.gz",
    },
    checksums={
        "x86_64": "384a14958b214b18ebda784dee101a633ceae626ac4bcccee0fc7ebb111247a4",
        "aarch64": "23fcf016fb7812b743674ee06167abbd68ffb74e00f61c45b7e213f0bd4694ab",
    },
)
PINS = (FLYCTL,)

PREFIX = "/opt/flyctl"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `fly`."""

    version: str = FLYCTL.version
    """An exact version, such as `0.4.99`."""
    sha256: str = ""
    """Checksum of the `Linux` tarball of that version for the machine's architecture."""
    mirror: str = MIRROR
    """Where `v0.4.99/flyctl_0.4.99_Linux_x86_64.tar.gz` is found."""

    def __post_init__(self) -> None:
        """Refuse what no checksum stands behind."""
        check_release(
            version=self.version, pinned=FLYCTL.version, sha256=self.sha256, mirror=self.mirror
        )


@profile
def fly(options: Options, guest: Guest) -> Iterator[Step]:
    """Fly.io's command line, from Fly's own release."""
    url = FLYCTL.url(guest.machine, options.version)
    yield Archive(
        url.replace(MIRROR, options.mirror.rstrip("/"), 1),
        sha256=options.sha256 or FLYCTL.checksums[guest.machine],
        to=PREFIX,
        strip=0,
    )
    for name in ("flyctl", "fly"):
        yield Link(f"/usr/local/bin/{name}", f"{PREFIX}/flyctl")
    # The program belongs to root: it could not replace itself.
    yield Block("/etc/environment", "FLY_NO_UPDATE_CHECK=1\n", marker="fly")
    yield Check("fly version", matches=r"v\d+\.\d+\.\d+")
