"""What a machine may use of its host: keys, identity, repos, and the proof of who answers.

Names are loaded when first asked for, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guard.allowed_signers import (
        AllowedSigner,
        SignerRefused,
        allowed_signers_text,
        parse_allowed_signer,
    )
    from guard.errors import GuardError
    from guard.forges import FORGES, KNOWN_HOSTS, known_hosts_text
    from guard.git_identity import GitConfigUnreadable, GitIdentity, read_git_identity
    from guard.host_keys import HostKeyChanged, PinStore, alias
    from guard.public_key import (
        PrivateKeyRefused,
        PublicKey,
        PublicKeyFileMissing,
        PublicKeyMalformed,
        parse_public_key,
        read_public_key_file,
    )
    from guard.repo_access import AccessCheck, check_access, known_hosts_for
    from guard.repo_fault import RepoFault
    from guard.repo_url import (
        BranchRefused,
        RepoUrl,
        RepoUrlRefused,
        check_branch,
        folder_names,
        parse_repo_url,
    )
    from guard.signing_key import (
        ForeignSigningFormat,
        NoSigning,
        SigningKey,
        SigningKeyNotInAgent,
        SigningKeyUnknown,
        choose_signing_key,
    )
    from guard.ssh_agent import AgentSocket, AgentUnreachable, NoAgent, choose_agent, list_keys
    from guard.ssh_config import SshConfig, keys_in_order_of_offer, read_ssh_config

_HOMES = {
    "allowed_signers": (
        "AllowedSigner",
        "SignerRefused",
        "allowed_signers_text",
        "parse_allowed_signer",
    ),
    "errors": ("GuardError",),
    "forges": ("FORGES", "KNOWN_HOSTS", "known_hosts_text"),
    "git_identity": ("GitConfigUnreadable", "GitIdentity", "read_git_identity"),
    "host_keys": ("HostKeyChanged", "PinStore", "alias"),
    "public_key": (
        "PrivateKeyRefused",
        "PublicKey",
        "PublicKeyFileMissing",
        "PublicKeyMalformed",
        "parse_public_key",
        "read_public_key_file",
    ),
    "repo_access": ("AccessCheck", "check_access", "known_hosts_for"),
    "repo_fault": ("RepoFault",),
    "repo_url": (
        "BranchRefused",
        "RepoUrl",
        "RepoUrlRefused",
        "check_branch",
        "folder_names",
        "parse_repo_url",
    ),
    "signing_key": (
        "ForeignSigningFormat",
        "NoSigning",
        "SigningKey",
        "SigningKeyNotInAgent",
        "SigningKeyUnknown",
        "choose_signing_key",
    ),
    "ssh_agent": ("AgentSocket", "AgentUnreachable", "NoAgent", "choose_agent", "list_keys"),
    "ssh_config": ("SshConfig", "keys_in_order_of_offer", "read_ssh_config"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "FORGES",
    "KNOWN_HOSTS",
    "AccessCheck",
    "AgentSocket",
    "AgentUnreachable",
    "AllowedSigner",
    "BranchRefused",
    "ForeignSigningFormat",
    "GitConfigUnreadable",
    "GitIdentity",
    "GuardError",
    "HostKeyChanged",
    "NoAgent",
    "NoSigning",
    "PinStore",
    "PrivateKeyRefused",
    "PublicKey",
    "PublicKeyFileMissing",
    "PublicKeyMalformed",
    "RepoFault",
    "RepoUrl",
    "RepoUrlRefused",
    "SignerRefused",
    "SigningKey",
    "SigningKeyNotInAgent",
    "SigningKeyUnknown",
    "SshConfig",
    "alias",
    "allowed_signers_text",
    "check_access",
    "check_branch",
    "choose_agent",
    "choose_signing_key",
    "folder_names",
    "keys_in_order_of_offer",
    "known_hosts_for",
    "known_hosts_text",
    "list_keys",
    "parse_allowed_signer",
    "parse_public_key",
    "parse_repo_url",
    "read_git_identity",
    "read_public_key_file",
    "read_ssh_config",
]


def __getattr__(name: str) -> object:
    module = _HOME_OF.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
