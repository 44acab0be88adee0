"""Becoming root within a script: the shell for it, and why it was refused. Pure.

A password is the first line of the script's stdin, from where only sudo gets it: it is in no
argument, no file and no environment.
"""

from __future__ import annotations

import re

from .errors import SudoRefused
from .shell import quote

# sudo drops the variable, and PAM may bring it back from /etc/environment.
_NO_AGENT = "env -u SSH_AUTH_SOCK"


def as_root(shell: str = "sh") -> str:
    """Return shell that defines `become ARGUMENT…` for root: `shell`, its script on stdin."""
    return f'become() {{ {shell} -s -- "$@" 2>&1; }}'


def freely(shell: str = "sh") -> str:
    """Return shell that defines it for who may become root without a password."""
    return f'become() {{ sudo -n -H {_NO_AGENT} {shell} -s -- "$@" 2>&1; }}'


def with_password(nonce: str, shell: str = "sh") -> str:
    """Return shell that defines `become` with the password that is the next line of stdin.

    A wrong password is tried once: sudo asks again and would take the script for the next ones.
    """
    # sudo asks for no password where none is needed, so that its line is still there for the shell.
    shell = f"{_NO_AGENT} {shell}"
    skip = f'while IFS= read -r l && [ "$l" != {nonce} ]; do :; done; exec {shell} -s -- "$@"'
    return f"""\
IFS= read -r nopal_secret
become() {{
    printf '%s\\n' "$nopal_secret" | sudo -kS -p '' -H sh -c : 2>&1 || return
    {{ printf '%s\\n%s\\n' "$nopal_secret" {nonce}; unset nopal_secret; cat; }} |
        sudo -kS -p '' -H sh -c {quote(skip)} sh "$@" 2>&1
}}"""


def define(nonce: str, *, has_password: bool, shell: str = "sh") -> str:
    """Return shell that defines `become` for a user who is not root."""
    return with_password(nonce, shell) if has_password else freely(shell)


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
