"""Decides with which key a guest signs commits and tags; the key itself stays in the host's agent.

Pure: agent keys and files come in as values and callables. Order: the project's `signing_key`, then
git's own `user.signingkey`, then the key that a forge would be offered. What was named must be in
the agent, since every commit would fail otherwise; where nothing was named, a guest without
signatures is an answer, not an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from guard.errors import GuardError, printable
from guard.git_identity import GitIdentity
from guard.public_key import (
    SIGNING_KINDS,
    PrivateKeyRefused,
    PublicKey,
    looks_private,
    parse_public_key,
    read_public_key_file,
)

TURN_OFF = "or set `signing = false` for this project to commit unsigned"
_FORMAT_NAMES = {"openpgp": "OpenPGP", "x509": "X.509"}


@dataclass(frozen=True)
class SigningKey:
    """The key to sign with, and who chose it."""

    key: PublicKey
    origin: str

    @property
    def public_line(self) -> str:
        """The public key as one line without comment, as a guest gets it."""
        return self.key.line


@dataclass(frozen=True)
class NoSigning:
    """Commits stay unsigned, and why."""

    reason: str
    fix: str = ""


@dataclass(eq=False)
class SigningKeyNotInAgent(GuardError):
    """The wanted key is known, but the agent does not hold it: signing would fail in the guest."""

    wanted: str
    origin: str
    held: tuple[str, ...] = ()

    def __str__(self) -> str:
        held = ", ".join(self.held) if self.held else "none"
        return (
            f"the signing key {printable(self.wanted)} ({self.origin}) is not in the ssh-agent.\n"
            f"Keys in the agent: {printable(held)}.\n"
            f"Add it with `ssh-add PATH-OF-THE-PRIVATE-KEY`, {TURN_OFF}."
        )


@dataclass(eq=False)
class SigningKeyUnknown(GuardError):
    """The project's `signing_key` is neither a key, a file nor one key of the agent."""

    setting: str
    reason: str
    nearest: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        hint = f" Did you mean `{printable(self.nearest[0])}`?" if self.nearest else ""
        return (
            f"`signing_key` is `{printable(self.setting, 80)}`, but {self.reason}.{hint}\n"
            f"Give a public key, the path of a `.pub` file, a fingerprint from `ssh-add -l`, "
            f"{TURN_OFF}."
        )


@dataclass(eq=False)
class ForeignSigningFormat(GuardError):
    """git on this host signs with OpenPGP or X.509, whose keys are not carried into a guest."""

    format: str
    suggestion: str = ""

    def __str__(self) -> str:
        name = _FORMAT_NAMES.get(self.format, printable(self.format))
        key = self.suggestion or "ssh-ed25519 AAAA…"
        return (
            f"git signs with {name} here (`gpg.format`), and a guest can only sign with SSH keys.\n"
            f'Choose a key of your ssh-agent with `signing_key = "{key}"`, {TURN_OFF}.'
        )


def choose_signing_key(
    setting: str | bool,
    identity: GitIdentity,
    agent_keys: Sequence[PublicKey],
    *,
    home: Path,
    offered: Callable[[], Sequence[PublicKey]] | None = None,
    read_public: Callable[[Path], PublicKey] = read_public_key_file,
) -> SigningKey | NoSigning:
    """Return the key to sign with, or why there is none.

    Args:
        setting: the project's `signing_key`; "" leaves it to git, False turns signing off.
        identity: git's own settings of this host.
        agent_keys: what the agent holds; empty without an agent.
        home: where `~/` leads.
        offered: the agent's keys in the order in which a forge would be offered them; asked only
            when nothing was named.
        read_public: reads a `.pub` file, never a private one.

    Raises:
        PrivateKeyRefused, PublicKeyMalformed, PublicKeyFileMissing: no public key was named.
        SigningKeyUnknown: the project's setting fits no key.
        SigningKeyNotInAgent: the named key is not in the agent.
        ForeignSigningFormat: git signs by OpenPGP or X.509 and the project names no key.
    """
    if setting is False:
        return NoSigning("signing is turned off for this project")
    usable = [key for key in agent_keys if key.can_sign]
    if isinstance(setting, str) and setting.strip():
        origin = "the project's `signing_key`"
        key = _named(setting.strip(), origin, usable, home, read_public)
        return SigningKey(_held(key, origin, usable), origin)
    if _is_foreign(identity):
        best = next(iter(_in_order(usable, offered)), None)
        gpg_format = identity.gpg_format or "openpgp"
        raise ForeignSigningFormat(gpg_format, best.fingerprint if best else "")
    if identity.signing_key and (identity.gpg_format == "ssh" or _is_key(identity.signing_key)):
        origin = "git's `user.signingkey`"
        start = identity.directory or home
        key = _from_git(identity.signing_key, origin, start, home, read_public)
        return SigningKey(_held(key, origin, usable), origin)
    if not usable:
        reason = "the ssh-agent holds no key" if not agent_keys else "no key of the agent can sign"
        return NoSigning(reason, f"add one with `ssh-add`, {TURN_OFF}")
    first = next(iter(_in_order(usable, offered)), usable[0])
    return SigningKey(first, "the ssh-agent's key that a forge is offered first")


def _is_foreign(identity: GitIdentity) -> bool:
    """Whether git here signs by something else than SSH; a stray OpenPGP key id does not count."""
    if identity.gpg_format == "ssh" or _is_key(identity.signing_key):
        return False
    return identity.signs_by_default or bool(identity.gpg_format and identity.signing_key)


def _is_key(text: str) -> bool:
    """Whether `text` is a key itself: git takes `key::` and, for history, a bare public key."""
    return text.startswith("key::") or text.split(" ", 1)[0] in SIGNING_KINDS


def _in_order(
    usable: Sequence[PublicKey], offered: Callable[[], Sequence[PublicKey]] | None
) -> Sequence[PublicKey]:
    if offered is not None:
        return [key for key in offered() if any(key.is_same_key(one) for one in usable)]
    return sorted(usable, key=lambda key: key.kind != "ssh-ed25519")


def _from_git(
    text: str,
    origin: str,
    start: Path,
    home: Path,
    read_public: Callable[[Path], PublicKey],
) -> PublicKey:
    """Read `user.signingkey` as git does with gpg.format=ssh: a literal key, else a path."""
    if looks_private(text):
        raise PrivateKeyRefused(origin)
    if _is_key(text):
        return parse_public_key(text.removeprefix("key::"), where=origin)
    return read_public(_path(text, start, home))


def _named(
    text: str,
    origin: str,
    usable: Sequence[PublicKey],
    home: Path,
    read_public: Callable[[Path], PublicKey],
) -> PublicKey:
    """Read the project's setting: a literal key, a path, a fingerprint, or a comment."""
    is_path = text.startswith(("/", "~", "./", "../")) or text.endswith(".pub")
    if is_path or _is_key(text) or looks_private(text):
        return _from_git(text, origin, home, home, read_public)
    if text.startswith("SHA256:"):
        wanted = text.rstrip("=")
        for key in usable:
            if key.fingerprint == wanted:
                return key
        raise SigningKeyNotInAgent(wanted, origin, _shown(usable))
    matches = [key for key in usable if key.comment == text]
    if len(matches) == 1:
        return matches[0]
    if matches:
        both = " and ".join(key.fingerprint for key in matches)
        raise SigningKeyUnknown(text, f"it is the comment of {both}")
    comments = [key.comment for key in usable]
    nearest = tuple(difflib.get_close_matches(text, comments, n=1))
    raise SigningKeyUnknown(text, "no key of the ssh-agent has that comment", nearest)


def _held(key: PublicKey, origin: str, usable: Sequence[PublicKey]) -> PublicKey:
    if any(key.is_same_key(one) for one in usable):
        return key
    raise SigningKeyNotInAgent(key.fingerprint, origin, _shown(usable))


def _shown(keys: Sequence[PublicKey]) -> tuple[str, ...]:
    return tuple(f"{key.fingerprint} {key.comment}".rstrip() for key in keys)


def _path(text: str, start: Path, home: Path) -> Path:
    if text.startswith("~/"):
        return home / text[2:]
    return start / text
