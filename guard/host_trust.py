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


def known_hosts_files(home: Path) -> tuple[Path, ...]:
    """Return the person's own files, in OpenSSH's order."""
    return home / ".ssh/known_hosts", home / ".ssh/known_hosts2"


def known_hosts_name(host: str, port: int | None) -> str:
    """Return the name under which known_hosts keeps a server."""
    return host if port in (None, DEFAULT_PORT) else f"[{host}]:{port}"


def trusted_keys(
    name: str, home: Path, environ: Mapping[str, str], run: Run = run_command
) -> tuple[PublicKey, ...]:
    """Return the plain keys known for `name`; marked lines (authorities, revoked) are left out."""
    keys: list[PublicKey] = []
    for path in (*known_hosts_files(home), Path("/etc/ssh/ssh_known_hosts")):
        if not path.is_file() or name.startswith("-"):
            continue
        argv = ["ssh-keygen", "-F", name, "-f", str(path)]
        found = run(argv, {**environ, "LC_ALL": "C"}, timeout_s=3.0)
        for line in found.stdout.splitlines() if found.status == 0 else ():
            key = _key(line)
            if key is not None and not any(key.is_same_key(one) for one in keys):
                keys.append(key)
    return tuple(keys)


def _key(line: str) -> PublicKey | None:
    if line.startswith(("#", "@")):
        return None
    try:
        return parse_public_key(line.partition(" ")[2])
    except GuardError:
        return None
