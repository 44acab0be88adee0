"""Why a repo cannot be cloned: read from the words of git, OpenSSH and the forges, with the fix.

Pure; the commands that were run are in `repo_access.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from guard.command import Completed
from guard.errors import GuardError, printable
from guard.forges import is_forge
from guard.repo_url import RepoUrl

FaultKind = Literal[
    "login refused",
    "unknown host key",
    "changed host key",
    "no such repo",
    "no such branch",
    "no such host",
    "unreachable",
    "timed out",
    "no git",
    "failed",
]
# The words of OpenSSH, git and the forges under LC_ALL=C, whatever the case; the first
# match wins.
_SIGNS: tuple[tuple[str, FaultKind], ...] = (
    ("ssh: not found", "failed"),
    ("ssh: command not found", "failed"),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "changed host key"),
    ("Host key verification failed", "unknown host key"),
    ("Could not resolve host", "no such host"),
    ("Permission denied", "login refused"),
    ("access denied", "login refused"),
    ("Authentication failed", "login refused"),
    ("terminal prompts disabled", "login refused"),
    ("could not read Username", "login refused"),
    ("Too many authentication failures", "login refused"),
    ("not found", "no such repo"),
    ("could not be found", "no such repo"),
    ("does not appear to be a git repository", "no such repo"),
    ("does not exist", "no such repo"),
    ("cannot find repository", "no such repo"),
    ("Connection refused", "unreachable"),
    ("timed out", "unreachable"),
    ("No route to host", "unreachable"),
    ("Network is unreachable", "unreachable"),
    ("Connection closed", "unreachable"),
    ("Connection reset", "unreachable"),
    ("Failed to connect", "unreachable"),
)


@dataclass(eq=False)
class RepoFault(GuardError):
    """One repo that cannot be cloned as it stands."""

    url: str
    kind: FaultKind
    detail: str
    fix: str

    def __str__(self) -> str:
        return f"the repo `{self.url}`: {self.kind} ({self.detail}).\n{self.fix}."


def read_fault(
    url: RepoUrl, completed: Completed, *, server: str, has_agent: bool, timeout_s: float
) -> RepoFault:
    """Return what a failed `git ls-remote` means.

    `server` is the server's name as this host's known_hosts has it.
    """
    kind = _kind(completed)
    detail = _last_words(completed.stderr)
    if kind == "timed out":
        detail = f"no answer within {timeout_s:g} s"
    elif kind == "login refused" and url.scheme == "ssh" and not has_agent:
        detail = f"there is no ssh-agent; {detail}"
    return RepoFault(url.text, kind, detail, _fix(kind, url, server, has_agent=has_agent))


def _fix(kind: FaultKind, url: RepoUrl, host: str, *, has_agent: bool) -> str:
    match kind:
        case "login refused" if url.scheme == "https":
            fix = f"Write it as `git@{url.host}:{url.path}.git`, so that the ssh-agent can log in"
        case "login refused" if not has_agent:
            fix = 'Start one with `eval "$(ssh-agent)"`, and add your key with `ssh-add`'
        case "login refused":
            fix = (
                "Add the key that this host knows to the ssh-agent (`ssh-add PATH`); key files "
                "that are not in the agent do not reach a guest"
            )
        case "unknown host key":
            port = f"-p {url.port} " if url.port else ""
            user = f"{url.user}@" if url.user else ""
            address = host.partition("]")[0].strip("[")
            fix = f"Connect once and compare the fingerprint: `ssh {port}{user}{address}`"
        case "changed host key" if is_forge(url.host):
            fix = "Something between here and the forge answers in its place; do not connect"
        case "changed host key":
            fix = f"Ask its owner why; if it is right, `ssh-keygen -R '{host}'` and connect once"
        case "no git":
            fix = "Install git on this host"
        case "unreachable" | "timed out" | "no such host":
            fix = "Check the network and the host's name in `repos`"
        case _:
            fix = "Check the URL in `repos`, and that the ssh-agent's key may read it"
    return fix


def _kind(completed: Completed) -> FaultKind:
    if completed.is_missing:
        return "no git"
    if completed.has_timed_out:
        return "timed out"
    said = completed.stderr.lower()
    return next((kind for sign, kind in _SIGNS if sign.lower() in said), "failed")


def _last_words(stderr: str) -> str:
    """Return the line that says most: git's own closing lines say nothing of the cause."""
    empty = ("Please make sure you have", "and the repository exists", "fatal: Could not read")
    lines = [line.removeprefix("remote:").strip() for line in stderr.splitlines()]
    lines = [line for line in lines if any(map(str.isalnum, line))]
    telling = [line for line in lines if not line.startswith(empty)]
    last = (telling or lines or ["git said nothing"])[-1]
    return printable(last.removeprefix("fatal: ")).rstrip(".")
