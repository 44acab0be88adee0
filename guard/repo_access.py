"""Asks, before anything slow begins, whether each repo of a project can be reached.

The question is put as a guest will put it: with the agent's keys and nothing else. The person's own
ssh configuration, key files and credential helpers do not exist in a guest, so a check that used
them would promise a clone that then fails.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from guard.command import Completed, Run, run_command
from guard.errors import printable
from guard.forges import KNOWN_HOSTS, forge_keys, is_forge
from guard.host_trust import known_hosts_files, known_hosts_name, trusted_keys
from guard.public_key import PublicKey
from guard.repo_fault import RepoFault, read_fault
from guard.repo_url import RepoUrl

MAX_AT_ONCE = 8
"""Below sshd's MaxStartups (10), from which on it drops logins at random."""

_KEPT = ("PATH", "HOME", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_KEPT_PREFIXES = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "SSL_CERT_",
    "GIT_SSL_",
    "CURL_CA_",
    "LD_LIBRARY_",
    "DYLD_",
    "XDG_CONFIG_",
)
_DEBUGGING = ("debug1: ", "OpenSSH_", "Authenticated to ", "Transferred: ", "Bytes per second: ")
"""How lines begin that `ssh -v` adds."""
_ACCEPTED = re.compile(r"^debug1: Server accepts key: .* (SHA256:[A-Za-z0-9+/]{43})(?: |$)")
_KEPT_LOWER = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class AccessCheck:
    """Everything that the checks of one project have in common."""

    environ: Mapping[str, str]
    home: Path
    agent_socket: Path | None
    host_aliases: Mapping[str, str] = field(default_factory=dict)
    """Names that only a guest knows, and what this host calls them: a guest's name for its host."""
    timeout_s: float = 10.0
    run: Run = run_command


@dataclass(frozen=True)
class RepoAccess:
    """How one repo answered."""

    url: RepoUrl
    fault: RepoFault | None = None
    key: str = ""
    """Fingerprint of the key that its server accepted; empty when it asked for none."""


def check_access(
    repos: Sequence[tuple[RepoUrl, str]], check: AccessCheck
) -> tuple[RepoAccess, ...]:
    """Ask every (repo, branch or "") at the same time; return the answers in the repos' order."""
    if not repos:
        return ()
    with ThreadPoolExecutor(min(len(repos), MAX_AT_ONCE)) as pool:
        return tuple(pool.map(lambda one: _check_one(one[0], one[1], check), repos))


def _check_one(url: RepoUrl, branch: str, check: AccessCheck) -> RepoAccess:
    argv = ["git", "ls-remote", "--", url.text, "HEAD"]
    if branch:
        argv.append(f"refs/heads/{branch}")
    completed, key = _asked(argv, url, check)
    if completed.status != 0:
        here = check.host_aliases.get(url.host, url.host)
        fault = read_fault(
            url,
            completed,
            server=known_hosts_name(here, url.port),
            has_agent=check.agent_socket is not None,
            timeout_s=check.timeout_s,
        )
        return RepoAccess(url, fault)
    refs = {line.partition("\t")[2] for line in completed.stdout.splitlines()}
    if not branch or f"refs/heads/{branch}" in refs:
        return RepoAccess(
            url, key=key
        )  # an empty repo lists nothing: it can be cloned all the same
    detail = "the repo is empty" if not refs else f"it has no branch `{printable(branch, 80)}`"
    fix = "Mend `branch` of this repo, or leave it out for the repo's own default"
    return RepoAccess(url, RepoFault(url.text, "no such branch", detail, fix), key)


def _asked(argv: Sequence[str], url: RepoUrl, check: AccessCheck) -> tuple[Completed, str]:
    """Run git; return its result, with ssh's words among its own, and the key that was accepted."""
    with TemporaryDirectory(prefix="nopal-") as folder:
        # Apart from the rest, since a server may write whatever it likes on stderr.
        log = Path(folder) / "ssh"
        environment = git_environment(url, check, log)
        completed = check.run(argv, environment, timeout_s=check.timeout_s)
        told = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    accepted = [found[1] for line in told if (found := _ACCEPTED.match(line))]
    said = "".join(f"{line}\n" for line in told if not line.startswith(_DEBUGGING))
    # The last key: one that is accepted may still be refused when it comes to the signature.
    return replace(completed, stderr=said + completed.stderr), accepted[-1] if accepted else ""


def git_environment(url: RepoUrl, check: AccessCheck, log: Path) -> dict[str, str]:
    """Return the environment in which git asks for `url`: no prompt, no helper, no rewriting."""
    env = {
        key: value
        for key, value in check.environ.items()
        if key in (*_KEPT, *_KEPT_LOWER) or key.startswith(_KEPT_PREFIXES)
    }
    # The longest `insteadOf` wins: this one, so that no rule of the person's sends git elsewhere.
    settings = ((f"url.{url.text}.insteadOf", url.text), ("credential.helper", ""))
    for number, (key, value) in enumerate(settings):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env | {
        "GIT_CONFIG_COUNT": str(len(settings)),
        "HOME": str(check.home),
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_ALLOW_PROTOCOL": "ssh:https",
        "GIT_SSH_VARIANT": "ssh",
        "GIT_SSH_COMMAND": shlex.join(ssh_command(url, check, log)),
    }


def ssh_command(url: RepoUrl, check: AccessCheck, log: Path) -> list[str]:
    """Return the ssh that git is to use: the agent's keys only, a known host only, no question.

    What it does it tells in `log`, the key that the server accepts among it.
    """
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(1, int(check.timeout_s) - 2)),
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "ControlMaster": "no",
        "ControlPath": "none",
        "ForwardAgent": "no",
        "IdentityFile": "none",
        "IdentityAgent": _quoted(check.agent_socket) if check.agent_socket else "none",
        "PreferredAuthentications": "publickey",
    }
    if is_forge(url.host):
        options |= {
            "UserKnownHostsFile": _quoted(KNOWN_HOSTS),
            "GlobalKnownHostsFile": "/dev/null",
        }
    else:
        own = known_hosts_files(check.home)
        options["UserKnownHostsFile"] = " ".join(_quoted(path) for path in own)
    if url.host in check.host_aliases:
        options["HostName"] = check.host_aliases[url.host]
        options["HostKeyAlias"], _ = _known_as(url.host, url.port, check)
    command = ["ssh", "-F", "none", "-a", "-x", "-T", "-v", "-E", str(log)]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    return command


def known_hosts_for(repos: Sequence[RepoUrl], check: AccessCheck) -> str:
    """Return the host keys that this person trusts for the repos' hosts, in known_hosts format.

    Under the names that a guest uses, so that its first contact is not blind either. The forges'
    keys are not repeated here: see guard.forges.
    """
    lines: dict[str, None] = {}
    for url in repos:
        if url.scheme == "ssh" and not is_forge(url.host):
            name = known_hosts_name(url.host, url.port)
            lines |= {
                f"{name} {key.line}\n": None for key in _known_as(url.host, url.port, check)[1]
            }
    return "".join(lines)


def host_keys(host: str, port: int | None, check: AccessCheck) -> tuple[PublicKey, ...]:
    """Return the host keys by which this person knows a server: a forge's are shipped."""
    name = known_hosts_name(host, port)
    return forge_keys(name) or _known_as(host, port, check)[1]


def _known_as(host: str, port: int | None, check: AccessCheck) -> tuple[str, tuple[PublicKey, ...]]:
    """Return the name that known_hosts has for this server, and the keys it has there."""
    own = known_hosts_name(host, port)
    here = known_hosts_name(check.host_aliases.get(host, host), port)
    for name in dict.fromkeys((own, here)):
        keys = trusted_keys(name, check.home, check.environ, check.run)
        if keys:
            return name, keys
    return here, ()


def _quoted(path: Path) -> str:
    # ssh splits this value at spaces and expands `%`.
    return f'"{str(path).replace("%", "%%")}"'
