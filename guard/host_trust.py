"""Which host keys the person trusts already, looked up by name in their known_hosts files.

By `ssh-keygen -F`, since names may be hashed there; nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from guard.command import Run, run_command
from guard.errors import GuardError
from guard.public_key import PublicKey, parse_public_key

DEFAULT_PORT = 22
_REVOKED = "@revoked"


def known_hosts_files(home: Path) -> tuple[Path, ...]:
    """Return the person's own files, in OpenSSH's order."""
    return home / ".ssh/known_hosts", home / ".ssh/known_hosts2"


def known_hosts_name(host: str, port: int | None) -> str:
    """Return the name under which known_hosts keeps a server."""
    return host if port in (None, DEFAULT_PORT) else f"[{host}]:{port}"


def trusted_keys(
    name: str, home: Path, environ: Mapping[str, str], run: Run = run_command
) -> tuple[PublicKey, ...]:
    """Return the plain keys known for `name`, but those that any file marks as revoked.

    Lines of certificate authorities are left out.
    """
    keys: list[PublicKey] = []
    revoked: list[PublicKey] = []
    for path in (*known_hosts_files(home), Path("/etc/ssh/ssh_known_hosts")):
        if not path.is_file() or name.startswith("-"):
            continue
        argv = ["ssh-keygen", "-F", name, "-f", str(path)]
        found = run(argv, {**environ, "LC_ALL": "C"}, timeout_s=3.0)
        for line in found.stdout.splitlines() if found.status == 0 else ():
            if line.startswith(_REVOKED):
                revoked += _key(line.removeprefix(_REVOKED).strip())
            elif not line.startswith(("#", "@")):
                keys += (key for key in _key(line) if not any(map(key.is_same_key, keys)))
    return tuple(key for key in keys if not any(map(key.is_same_key, revoked)))


def _key(line: str) -> tuple[PublicKey, ...]:
    """Return the key of a line of known_hosts, which has words for the hosts in front."""
    _hosts, *rest = line.split(None, 1)
    try:
        return (parse_public_key(rest[0] if rest else ""),)
    except GuardError:
        return ()
