"""Teammates' lines for git's `allowed_signers`: `principals key`, read strictly.

A line that could widen trust by itself (an option such as `cert-authority`, a principal that
matches everybody) is refused; what is kept is written anew, good for git only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from guard.errors import GuardError, printable
from guard.public_key import SIGNING_KINDS, PublicKey, parse_public_key

_PRINCIPAL = re.compile(r"[\w.!#$%&*+/=?^`{|}~'@-]+")
_OPTIONS = ("cert-authority", "namespaces=", "valid-after=", "valid-before=")


@dataclass(eq=False)
class SignerRefused(GuardError):
    """A line of `allowed_signers` that cannot be taken."""

    line: str
    reason: str

    def __str__(self) -> str:
        return (
            f"`allowed_signers` has a line that cannot be taken: {self.reason}.\n"
            f"  {printable(self.line, 120)}\n"
            'Write one signer as "name@example.org ssh-ed25519 AAAA…".'
        )


@dataclass(frozen=True)
class AllowedSigner:
    """Who may sign, and the key that proves it."""

    principals: tuple[str, ...]
    key: PublicKey

    @property
    def line(self) -> str:
        """The line for git's allowed signers file; its key counts for git's signatures only."""
        return f'{",".join(self.principals)} namespaces="git" {self.key.line}'


def parse_allowed_signer(line: str) -> AllowedSigner:
    """Read `principals kind base64 [comment]`.

    Raises:
        SignerRefused: the line is something else, or would trust everybody.
        PrivateKeyRefused, PublicKeyMalformed: the key's part is wrong.
    """
    head, _, key_text = line.strip(" \t").partition(" ")
    key_text = key_text.strip(" \t")
    if head in SIGNING_KINDS:
        raise SignerRefused(line, "the e-mail address before the key is missing")
    if key_text.lower().startswith(_OPTIONS):
        raise SignerRefused(line, "options are not taken")
    key = parse_public_key(key_text, where=f"the key of `{printable(head, 60)}`")
    principals = tuple(head.split(","))
    for principal in principals:
        if not _PRINCIPAL.fullmatch(principal) or principal[0] in "!#-":
            raise SignerRefused(line, f"`{printable(principal, 60)}` is no e-mail address or name")
        if not principal.strip("*?@."):
            raise SignerRefused(line, f"`{printable(principal, 60)}` would match everybody")
    return AllowedSigner(principals, key)


def allowed_signers_text(signers: Iterable[AllowedSigner]) -> str:
    """Return the file's text, each signer once, in the given order."""
    return "".join(f"{line}\n" for line in dict.fromkeys(signer.line for signer in signers))
