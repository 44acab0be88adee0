"""Secrets as the files that a machine holds of them. Pure.

No form of dotenv means the same to every program that reads one, so what is written is shell,
fish, JSON, and one file a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from guard.secrets.secret import Secret

from .machine_errors import MachineError

Sets = Mapping[str, Mapping[str, Secret]]
"""Secrets by the names of their variables: those under "" are for every shell, those under a folder
below ~/code for the shells in it."""

DOTENV = "dotenv"
_SAME_IN_EVERY_DOTENV = re.compile(r"[A-Za-z0-9_@%+=:,./?*!^\[\]{}-]*")
"""What stands for itself without quotes, in a shell too: not `~`, `$`, `#`, a blank or a quote."""


@dataclass(eq=False)
class NotInDotenv(MachineError):
    """A value that a dotenv file cannot hold so that every program reads the same."""

    name: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"a dotenv file can't hold {self.name}: programs would read it differently\n"
            "  leave `dotenv` out, and use /run/nopal/secrets/env.sh, secrets.json or values/"
        )


def render(sets: Sets, mark: str, *, dotenv: bool = False) -> dict[str, str]:
    """Return the text of each file by its path below the folder of the secrets.

    `mark` is a word that changes whenever the content does.

    Raises:
        NotInDotenv: a dotenv file is wanted too, and cannot be.
    """
    files = {"set": f"{mark}\n"}
    for folder, secrets in sets.items():
        below = f"repos/{folder}/" if folder else ""
        values = {name: secret.reveal() for name, secret in secrets.items()}
        files[f"{below}env.sh"] = env_sh(values)
        files[f"{below}env.fish"] = env_fish(values)
        files[f"{below}secrets.json"] = json.dumps(values, indent=2) + "\n"
        files |= {f"{below}values/{name}": value for name, value in values.items()}
        if dotenv:
            files[f"{below}{DOTENV}"] = _dotenv(values)
    return files


def env_sh(values: Mapping[str, str]) -> str:
    """Return shell that exports the values, and adds their names to NOPAL_SECRETS."""
    lines = [f"export {name}={_in_single_quotes(value)}" for name, value in values.items()]
    names = "".join(f"{name} " for name in values)
    return "\n".join([*lines, f'NOPAL_SECRETS="${{NOPAL_SECRETS-}}{names}"']) + "\n"


def env_fish(values: Mapping[str, str]) -> str:
    """Return the same for fish."""
    lines = []
    for name, value in values.items():
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"set -gx {name} '{escaped}'")
    names = "".join(f"{name} " for name in values)
    return "\n".join([*lines, f'set -gx NOPAL_SECRETS "$NOPAL_SECRETS""{names}"']) + "\n"


def _in_single_quotes(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def _dotenv(values: Mapping[str, str]) -> str:
    for name, value in values.items():
        if not _SAME_IN_EVERY_DOTENV.fullmatch(value):
            raise NotInDotenv(name)
    return "".join(f"{name}={value}\n" for name, value in values.items())
