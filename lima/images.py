"""Disk images: which ones have a name, where they come from, and how to get one on this host.

The official images are pinned by digest; Lima downloads and checks them. Where their site cannot be
reached, Debian's is built here from Debian's signed archive (`image_build.py`).
"""

from __future__ import annotations

import hashlib
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lima.errors import ImageUnavailable
from lima.host import Machine

DEFAULT_IMAGE = "debian-13"
_DEBIAN = "https://cloud.debian.org/images/cloud/trixie/20260712-2537/debian-13-genericcloud-"
_UBUNTU = (
    "https://cloud-images.ubuntu.com/releases/noble/release-20260705/ubuntu-24.04-server-cloudimg-"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True)
class Image:
    """A disk image a machine can start from."""

    name: str
    arch: Machine
    location: str
    """An https URL or an absolute path."""
    digest: str = ""
    """`sha256:…` or `sha512:…`; empty only for what was built on this host."""
    kernel: str = ""
    """A kernel beside the disk, for an image without a boot loader."""
    initrd: str = ""
    cmdline: str = ""
    legacy_bios: bool = False

    @property
    def is_remote(self) -> bool:
        """Whether Lima has to download it."""
        return "://" in self.location


# From the templates that Lima 2.2.0 ships; the dated folders hold still, so the digests do.
_CATALOGUE = (
    Image(
        "debian-13",
        "x86_64",
        f"{_DEBIAN}amd64-20260712-2537.qcow2",
        "sha512:7ae53e9dbee282bfc16f289dec483dde3a8598769c38a267948310f7a2a52c66"
        "2620198603bc52c142627efba379863d16079698a10b34102d55bcedd40e8d32",
    ),
    Image(
        "debian-13",
        "aarch64",
        f"{_DEBIAN}arm64-20260712-2537.qcow2",
        "sha512:8543d795f2fde630eb66c492f245a8c1da19dedc636e0a8e7b3d0f95920e1a05"
        "aa911ef2d82d177d41cc53ced5fccbd2a3945d07fa5e15018914c4d864bb07ed",
    ),
    Image(
        "ubuntu-24.04",
        "x86_64",
        f"{_UBUNTU}amd64.img",
        "sha256:ffe6203da54deeb6db5d2a98a83f9ec8e55f149d3f7ba622e1abe5fa966ee3d6",
    ),
    Image(
        "ubuntu-24.04",
        "aarch64",
        f"{_UBUNTU}arm64.img",
        "sha256:7df0201546f75b8bcc1044594c806c35749421ad3c9bc1be2a3ab806cfae39cc",
    ),
)
NAMES = tuple(dict.fromkeys(image.name for image in _CATALOGUE))


def catalogue(name: str, machine: Machine) -> Image:
    """Return a named image. Raises `ImageUnavailable` when no image has this name."""
    for image in _CATALOGUE:
        if (image.name, image.arch) == (name, machine):
            return image
    raise ImageUnavailable(name, f"no image has this name; there are {', '.join(NAMES)}.")


def own_image(location: str, digest: str, machine: Machine) -> Image:
    """Return the image a person names by path or URL.

    Raises:
        ImageUnavailable: no digest, or one of an unknown kind, or neither a URL nor a whole path.
    """
    if not _DIGEST.fullmatch(digest):
        raise ImageUnavailable(
            location, "it needs a digest, `sha256:` or `sha512:` and hex digits."
        )
    is_url = location.startswith("https://")
    if not is_url and not location.startswith(("/", "~/")):
        raise ImageUnavailable(location, "it is neither an https URL nor an absolute path.")
    if not is_url:
        location = str(Path(location).expanduser())
    return Image(location, machine, location, digest)


def is_downloaded(image: Image, lima_cache: Path) -> bool:
    """Whether Lima has `image` in its download cache, so that no network is needed for it."""
    key = hashlib.sha256(image.location.encode()).hexdigest()
    return (lima_cache / "download" / "by-url-sha256" / key / "data").is_file()


def is_reachable(url: str, timeout_s: float = 6) -> bool:
    """Whether a GET of `url` would begin well; asked by HEAD, so nothing is downloaded."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 (https only, from above)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s):  # noqa: S310
            return True
    except (urllib.error.URLError, TimeoutError, OSError):
        return False


@dataclass(frozen=True)
class ImageStore:
    """Finds the image to use on this host: official first, else the one that was built here."""

    built: Callable[[Image], Image | None]
    """The finished build that stands in for an image, if there is one."""
    lima_cache: Path
    reachable: Callable[[str], bool] = is_reachable

    def find(self, image: Image) -> Image | None:
        """Return what a machine can be created from now, or None when it must be built first.

        Raises:
            ImageUnavailable: a local file that is not there.
        """
        if not image.is_remote:
            if not Path(image.location).is_file():
                raise ImageUnavailable(image.name, "there is no such file.")
            return image
        if is_downloaded(image, self.lima_cache):
            return image
        # A build that is there was needed once: it saves the question to the network each time.
        return self.built(image) or (image if self.reachable(image.location) else None)
