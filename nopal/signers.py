"""The file of allowed signers that is kept for the person's own git: who signs in their machines.

A machine with a signing key of its own is called `nopal-NAME` there, so that git says which machine
made a signature. Lines of the person's own are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from guard.allowed_signers import AllowedSigner
from guard.command import run_command
from guard.keys.kept import write_private

from .lock import locked

if TYPE_CHECKING:
    from guard.public_key import PublicKey

_PLAIN = re.compile(r"[A-Za-z0-9][\w.+-]*@[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)
_GIT_ONLY = 'namespaces="git"'


def machine_signer(project: str, key: PublicKey) -> AllowedSigner:
    """Return the signer that a machine with a key of its own is."""
    return AllowedSigner((f"nopal-{project}",), key)


def person_signer(email: str, key: PublicKey) -> AllowedSigner | None:
    """Return the signer that a person is; None for an address that could be read as a pattern."""
    return AllowedSigner((email,), key) if _PLAIN.fullmatch(email) else None


def with_signer(text: str, signer: AllowedSigner, now: datetime) -> str:
    """Return a file's text with `signer` in it.

    A machine's key of before is good for what was signed until `now`, as the commit itself tells.
    """
    lines = text.splitlines()
    if signer.line in lines:
        return text
    (who,) = signer.principals
    if who.startswith("nopal-"):
        ended = f'{_GIT_ONLY},valid-before="{now:%Y%m%d%H%M%S}"'
        front = f"{who} {_GIT_ONLY} "
        lines = [
            f"{who} {ended} {line.removeprefix(front)}" if line.startswith(front) else line
            for line in lines
        ]
    return "".join(f"{line}\n" for line in (*lines, signer.line))


def git_setting(environ: Mapping[str, str]) -> str:
    """Return the file by which the person's git judges signatures, or ""."""
    argv = ("git", "config", "--global", "--type=path", "gpg.ssh.allowedSignersFile")
    return run_command(argv, environ).stdout.strip()


@dataclass(frozen=True)
class Signers:
    """The file, which need not be there."""

    path: Path

    @property
    def text(self) -> str:
        """What it says."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def keep(self, signer: AllowedSigner) -> None:
        """See to it that `signer` is in it."""
        if signer.line in self.text.splitlines():
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.path.with_name(f".{self.path.name}.lock"), lambda _holder: None):
            now = datetime.now()  # noqa: DTZ005 - ssh-keygen reads it as this computer's time
            write_private(self.path, with_signer(self.text, signer, now).encode())
