"""The official release of Lima: its archive, pinned by checksum, downloaded and unpacked."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from lima.errors import SetupFailed
from lima.host import Machine
from lima.paths import LIMA_VERSION

_SITE = f"https://github.com/lima-vm/lima/releases/download/v{LIMA_VERSION}/"
# As in the release's SHA256SUMS.
_SHA256: dict[Machine, str] = {
    "x86_64": "a0ea1ccf6b7335a900adb5f8d2b8384457965fecb1ba72f09b4e3e46d12f424a",
    "aarch64": "7c6a09c6844f55f811e9b7b2b60a6070a512c696c8ec752dfdb3c8ed50ed0364",
}
_TIMEOUT_S = 15


class Unreachable(Exception):
    """The site of the releases does not answer."""


@dataclass(frozen=True)
class Archive:
    """A tar archive with `bin/` and `share/` at its top."""

    url: str
    sha256: str


def archive(machine: Machine) -> Archive:
    """Return the release for Linux on this processor."""
    return Archive(f"{_SITE}lima-{LIMA_VERSION}-Linux-{machine}.tar.gz", _SHA256[machine])


def unpack(source: Archive, prefix: Path, scratch: Path) -> None:
    """Download an archive into `scratch`, check it, and unpack it to `prefix`.

    Raises:
        Unreachable: it cannot be downloaded.
        SetupFailed: it is not the archive that was pinned.
    """
    file = scratch / "lima.tar.gz"
    _download(source.url, file)
    verify(file, source)
    prefix.mkdir()
    with tarfile.open(file) as tar:
        # Pinned, and still: nothing of an archive is written outside its folder.
        if hasattr(tarfile, "data_filter"):
            tar.extractall(prefix, filter="data")
        else:
            tar.extractall(prefix)  # noqa: S202 (an early Python 3.10 has no filters)
    file.unlink()


def verify(file: Path, source: Archive) -> None:
    """Compare a file with the checksum of `source`. Raises `SetupFailed`."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != source.sha256:
        detail = f"its SHA-256 is {digest}, and {source.sha256} was expected"
        raise SetupFailed(f"Lima {LIMA_VERSION}", f"download {source.url}", detail)


def _download(url: str, to: Path) -> None:
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer,  # noqa: S310 (https, ours)
            to.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise Unreachable(str(error)) from error
