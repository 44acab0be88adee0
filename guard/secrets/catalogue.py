"""The providers there are."""

from __future__ import annotations

from collections.abc import Mapping

from . import onepassword
from .bitwarden import Bitwarden
from .doppler import Doppler
from .environment import Environment
from .file import File
from .fnox import Fnox
from .infisical import Infisical
from .keychain import Keychain
from .own_command import OwnCommand
from .password_store import Gopass, Pass
from .provider import Provider
from .sops import Sops
from .vault import Vault

_ALL: tuple[Provider, ...] = (
    onepassword.Items(),
    onepassword.Environments(),
    Bitwarden(),
    Pass(),
    Gopass(),
    Keychain(),
    Vault(),
    Sops(),
    Doppler(),
    Infisical(),
    Fnox(),
    Environment(),
    File(),
    OwnCommand(),
)

PROVIDERS: Mapping[str, Provider] = {provider.scheme: provider for provider in _ALL}
"""By the scheme of their references."""
