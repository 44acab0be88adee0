"""What a guest tells of the keys it sees: questions, and the strict reading of the answers.

A guest may lie in each of them. It then hides a fault of its own, and gains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lima.guest import AGENT_SOCKET
from provision.look import Question

CLIENT = Question("ssh client", "ssh -V 2>&1 || :")
VARIABLE = Question("agent variable", "bash -lc 'echo \"$SSH_AUTH_SOCK\"'")
SEEN = Question(
    "keys seen", f"SSH_AUTH_SOCK={AGENT_SOCKET} timeout 20 ssh-add -l 2>&1; echo status $?"
)
# Only root is told who listens.
SOCKETS = Question("ssh sockets", "ss -H -l -x -p | grep -F '((\"sshd' || :", run_as="root")

_MOST = 500
_VERSION = re.compile(r"OpenSSH_(\d{1,3})\.(\d{1,3})")
_FINGERPRINT = re.compile(r"\d{1,6} (SHA256:[A-Za-z0-9+/]{43}) ")
_FORWARDED = re.compile(r"(/tmp/ssh-[^/\s]{1,64}/agent\.\d{1,10}|/\S{1,200}/\.ssh/agent/\S{1,200})")
_LISTED = ("status 0", "status 1")
"""ssh-add ends with 1 where the agent has no key, and with 2 where none answers."""

Answers = Mapping[str, str | None]


def client_version(answers: Answers) -> tuple[int, int] | None:
    """Return the version of OpenSSH's client, such as (9, 2)."""
    found = _VERSION.match(answers.get(CLIENT.about) or "")
    return (int(found[1]), int(found[2])) if found else None


def variable(answers: Answers) -> str:
    """Return what `SSH_AUTH_SOCK` is in a login shell."""
    return (answers.get(VARIABLE.about) or "")[:200]


def fingerprints(answers: Answers) -> frozenset[str] | None:
    """Return the keys that are listed; None where no agent answers."""
    lines = (answers.get(SEEN.about) or "").splitlines()[:_MOST]
    if not lines or lines[-1] not in _LISTED:
        return None
    return frozenset(found[1] for line in lines if (found := _FINGERPRINT.match(line)))


def forwarded_agents(answers: Answers) -> tuple[str, ...]:
    """Return the sockets at which logins have brought an agent along."""
    lines = (answers.get(SOCKETS.about) or "").splitlines()[:_MOST]
    found = (_FORWARDED.search(line) for line in lines)
    return tuple(sorted({one[1] for one in found if one}))
