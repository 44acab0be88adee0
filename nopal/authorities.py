"""Certificate authorities that this host's owner has added to the usual ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FOLDERS = (
    Path("/usr/local/share/ca-certificates"),  # Debian's
    Path("/etc/pki/ca-trust/source/anchors"),  # Fedora's
    Path("/etc/ca-certificates/trust-source/anchors"),  # Arch's
)
_SUFFIXES = {".crt", ".pem"}
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def host_authorities(folders: Sequence[Path] = FOLDERS) -> tuple[Path, ...]:
    """Return the files of authorities that were added by hand, as a TLS-inspecting proxy needs.

    They are public. A guest needs them as the host does, for it shares the host's network. macOS
    keeps its own in a keychain, which is not read: name files there with `extra_ca`.
    """
    return tuple(
        path
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES and path.is_file() and _BEGIN in path.read_bytes()
    )
