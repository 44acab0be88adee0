"""`python -m guard.keys.keyring_program put|get|remove NAME`: one secret of the system's keyring.

The secret comes on standard input and goes to standard output. Backends that are no keyring of an
operating system, such as plain files, are refused.
"""

from __future__ import annotations

import sys

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

SERVICE = "nopal"
REAL_BACKENDS = (
    "keyring.backends.SecretService",
    "keyring.backends.kwallet",
    "keyring.backends.libsecret",
    "keyring.backends.macOS",
)
NO_KEYRING = 3


def main(verb: str, name: str) -> int:
    """Do one thing with the keyring; return the exit status."""
    try:
        backend = real_backend(keyring.get_keyring())
        if backend is None:
            return NO_KEYRING
        match verb:
            case "put":
                backend.set_password(SERVICE, name, sys.stdin.read())
            case "get":
                sys.stdout.write(backend.get_password(SERVICE, name) or "")
            case _:
                backend.delete_password(SERVICE, name)
    except KeyringError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def real_backend(backend: KeyringBackend) -> KeyringBackend | None:
    """Return the first keyring of an operating system that `backend` is or stands for."""
    for one in getattr(backend, "backends", [backend]):
        if isinstance(one, KeyringBackend) and type(one).__module__ in REAL_BACKENDS:
            return one
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
