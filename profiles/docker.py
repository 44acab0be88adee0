"""Docker Engine with its command line, buildx and compose; the user may use it without sudo.

From the distribution by default: its packages are signed by keys that are in the image already, and
one source less can fail. `source = "docker"` takes Docker's own repository, which is newer.

Membership of the group `docker` is as good as root in the machine. That gives away nothing here:
the user has sudo anyway, and the machine is the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Apt, AptRepository, Check, Member, Service, Step

from .guest import Guest
from .profile import profile

# https://docs.docker.com/engine/install/debian/: the key by which Docker signs its repositories.
KEY_FINGERPRINT = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"

# Debian 13 took the client out of docker.io. Ubuntu 24.04 has it there, and another compose.
_ENGINE = {"debian": ("docker.io", "docker-cli"), "ubuntu": ("docker.io",)}
_COMPOSE = {"debian": "docker-compose", "ubuntu": "docker-compose-v2"}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `docker`."""

    source: Literal["distribution", "docker"] = "distribution"
    """Whose packages: Debian's or Ubuntu's own, or those of Docker's repository."""
    buildx: bool = True
    """The BuildKit builder, which `docker build` wants."""
    compose: bool = True
    """`docker compose`."""


@profile
def docker(options: Options, guest: Guest) -> Iterator[Step]:
    """Docker Engine, buildx and compose, usable without sudo."""
    if options.source == "docker":
        yield AptRepository(
            "docker",
            uris=("https://download.docker.com/linux/{distribution}",),
            components=("stable",),
            key_url="https://download.docker.com/linux/debian/gpg",
            key_fingerprints=(KEY_FINGERPRINT,),
        )
    for package in _packages(options, guest):
        yield Apt(package)
    # Without this tool the daemon starts but no container does: the kernel has AppArmor on.
    yield Apt("apparmor")
    yield Service("docker")
    yield Member(guest.user, "docker")
    yield Check("docker info --format '{{.ServerVersion}}'", matches=r"^\d+\.")


def _packages(options: Options, guest: Guest) -> Iterator[str]:
    if options.source == "docker":
        yield from ("docker-ce", "docker-ce-cli", "containerd.io")
        if options.buildx:
            yield "docker-buildx-plugin"
        if options.compose:
            yield "docker-compose-plugin"
        return
    # An unknown distribution is most likely one of Debian's children.
    yield from _ENGINE.get(guest.distribution, _ENGINE["debian"])
    if options.buildx:
        yield "docker-buildx"
    if options.compose:
        yield _COMPOSE.get(guest.distribution, _COMPOSE["debian"])
