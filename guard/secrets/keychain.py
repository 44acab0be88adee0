"""The keychain of macOS and the Secret Service of Linux, by the library `keyring`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from . import answers
from .provider import Checked, ProviderFailed, Tools, Values


def _password(service: str, account: str) -> str | None:
    import keyring  # noqa: PLC0415 - it looks for what is installed
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        return keyring.get_password(service, account)
    except KeyringError as error:
        raise ProviderFailed(f"keyring: {error}") from error


def _backend() -> str:
    import keyring  # noqa: PLC0415

    found = keyring.get_keyring()
    return "" if found.priority <= 0 else type(found).__module__.rpartition(".")[2]


@dataclass(frozen=True)
class Keychain:
    """Passwords by service and account."""

    password: Callable[[str, str], str | None] = _password
    backend: Callable[[], str] = _backend

    scheme = "keychain"
    form = re.compile(r"[\w.:@+-][\w.:@+/ -]*/[\w.:@+ -]+")
    example = "keychain://SERVICE/ACCOUNT"
    has_keys = False
    has_slashes = True

    def check(self, tools: Tools) -> Checked:
        """See Provider: which keyring there is, which opens none."""
        del tools
        found = self.backend()
        if not found:
            return Checked(False, "there is no keyring here", "log in to a desktop, or use another")
        return Checked(True, f"keyring: {found}")

    def fetch(self, paths: Sequence[str], tools: Tools) -> Mapping[str, Values | ProviderFailed]:
        """See Provider."""
        del tools
        return {path: self._read(path) for path in paths}

    def _read(self, path: str) -> Values | ProviderFailed:
        service, _, account = path.rpartition("/")
        try:
            value = self.password(service, account)
        except ProviderFailed as error:
            return error
        if value is None:
            return ProviderFailed(f"keyring: {service} has no password of {account}")
        return answers.main(value)
