"""What the options of a program from its maker's own release have in common."""

from __future__ import annotations

import re


def check_release(*, version: str, pinned: str, sha256: str, mirror: str) -> None:
    """Refuse a version that is not exact, or whose checksum nobody knows.

    `pinned` is the version whose checksums the profile holds. Raises ValueError, from which msgspec
    makes the error of the option.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        message = f"`version` is exact, such as {pinned}"
        raise ValueError(message)
    if version != pinned and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        message = f"version {version} needs `sha256`, the tarball's checksum in hex"
        raise ValueError(message)
    if not re.fullmatch(r"https://[^\s'\"]+", mirror):
        message = "`mirror` is a URL that begins with https://"
        raise ValueError(message)
