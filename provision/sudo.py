"""Becoming root within a script: the shell for it, and why it was refused. Pure.

A password is the first line of the script's stdin, from where only sudo gets it: it is in no
argument, no file and no environment.
"""

from __future__ import annotations

import re

from .errors import SudoRefused
from .shell import quote

ROOT = 'become() { sh -s -- "$@" 2>&1; }'
"""Defines `become ARGUMENT…` for root: a shell that reads its script from stdin."""
FREELY = 'become() { sudo -n -H sh -s -- "$@" 2>&1; }'
"""Defines it for who may become root without a password."""


def with_password(nonce: str) -> str:
    """Return shell that defines `become` with the password that is the next line of stdin.

    A wrong password is tried once: sudo asks again and would take the script for the next ones.
    """
    # sudo asks for no password where none is needed, so that its line is still there for the shell.
    skip = f'while IFS= read -r l && [ "$l" != {nonce} ]; do :; done; exec sh -s -- "$@"'
    return f"""\
IFS= read -r nopal_secret
become() {{
    printf '%s\\n' "$nopal_secret" | sudo -kS -p '' -H sh -c : 2>&1 || return
    {{ printf '%s\\n%s\\n' "$nopal_secret" {nonce}; unset nopal_secret; cat; }} |
        sudo -kS -p '' -H sh -c {quote(skip)} sh "$@" 2>&1
}}"""


def define(nonce: str, *, has_password: bool) -> str:
    """Return shell that defines `become` for a user who is not root."""
    return with_password(nonce) if has_password else FREELY


def refusal(user: str, said: str, *, had_password: bool) -> SudoRefused:
    """Return the error for what the shell said in place of becoming root."""
    if re.search(r"sudo: (command )?not found", said):
        return SudoRefused(user, "no sudo", said)
    if "must have a tty" in said or ("a terminal is required" in said and had_password):
        return SudoRefused(user, "needs a terminal", said)
    if "not in the sudoers" in said or "not allowed" in said or "may not run" in said:
        return SudoRefused(user, "not allowed", said)
    if had_password:
        return SudoRefused(user, "wrong password", said)
    return SudoRefused(user, "needs a password", said)
