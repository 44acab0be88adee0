"""Public host keys of the big code forges, shipped with nopal so that no first contact is blind.

Only keys whose fingerprints the forges publish; the data file beside this module names the pages.
"""

from __future__ import annotations

from pathlib import Path

from guard.public_key import PublicKey, parse_public_key

FORGES = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")

KNOWN_HOSTS = Path(__file__).with_name("known_hosts")
"""The pinned keys as a file that `ssh -o UserKnownHostsFile=` takes."""


def known_hosts_text() -> str:
    """Return the pinned keys in known_hosts format, one line a key, without comments."""
    lines = KNOWN_HOSTS.read_text(encoding="ascii").splitlines()
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


def forge_keys(name: str) -> tuple[PublicKey, ...]:
    """Return the keys of the server that known_hosts calls `name`; none where it is no forge."""
    keys = []
    for line in known_hosts_text().splitlines():
        names, _, key = line.partition(" ")
        if name.lower() in names.split(","):
            keys.append(parse_public_key(key))
    return tuple(keys)


def is_forge(host: str) -> bool:
    """Whether the keys of `host` are pinned here."""
    return host.lower() in (*FORGES, "ssh.github.com")
