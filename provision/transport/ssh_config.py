"""How to log in to a host that the person's own ssh_config knows: `ssh -G` is asked, and read.

So `Include`, `Match`, aliases and patterns mean what they mean to ssh.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import GuestUnreachable
from .address import OwnConfig, SshAddress
from .target import Target, parse_target

SSH_PORT = 22
LONGEST_CHAIN = 8
"""Jumps after which two hosts lead to each other, more likely than not."""

Said = Mapping[str, Sequence[str]]
"""What `ssh -G` printed: values by keyword, in order."""


@dataclass(frozen=True)
class SshConfig:
    """The person's configuration of ssh."""

    environ: Mapping[str, str]
    file: Path | None = None
    """Read in place of ~/.ssh/config and /etc/ssh/ssh_config."""
    run: Callable[[Sequence[str]], subprocess.CompletedProcess[str]] = lambda words: subprocess.run(
        words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )

    def address(self, target: Target) -> SshAddress:
        """Return how to log in to `target`; one call of ssh, and one for each jump.

        Raises:
            GuestUnreachable: ssh cannot read its configuration, or jumps lead in a circle.
            BadTarget: a jump names no host.
        """
        chain = [target]
        said = [self._ask(target)]
        # As ssh does: of a list of jumps only the first host goes by a ProxyJump of its own.
        while jumps := _jumps(said[-1]):
            if len(chain) + len(jumps) > LONGEST_CHAIN:
                raise GuestUnreachable(str(target), "its ProxyJump leads in a circle")
            chain += reversed(jumps)
            said += [self._ask(jump) for jump in reversed(jumps)]
        jump = None
        for typed, answer in zip(reversed(chain[1:]), reversed(said[1:]), strict=True):
            jump = address_of(typed, answer, self.environ, self.file, jump=jump)
        return address_of(target, said[0], self.environ, self.file, jump=jump)

    def _ask(self, target: Target) -> Said:
        words = ["ssh", "-G", "-T"]
        words += ["-F", str(self.file)] if self.file else []
        words += ["-l", target.user] if target.user else []
        words += ["-p", str(target.port)] if target.port else []
        answer = self.run([*words, "--", target.host])
        if answer.returncode:
            lines = answer.stderr.strip().splitlines()
            reason = lines[-1] if lines else "`ssh -G` failed"
            raise GuestUnreachable(str(target), reason)
        return parse(answer.stdout)


def parse(text: str) -> dict[str, list[str]]:
    """Return the values of `ssh -G` by keyword."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        keyword, blank, value = line.strip().partition(" ")
        if blank:
            values.setdefault(keyword.lower(), []).append(value.strip())
    return values


def address_of(
    target: Target,
    said: Said,
    environ: Mapping[str, str],
    file: Path | None = None,
    *,
    jump: SshAddress | None = None,
) -> SshAddress:
    """Return the address in `ssh -G`'s answer about `target`, reached by way of `jump`. Pure."""
    host, port = _first(said, "hostname") or target.host, int(_first(said, "port") or SSH_PORT)
    user = _first(said, "user") or target.user
    home = environ.get("HOME", "")
    tokens = {"h": host, "n": target.host, "p": str(port), "r": user, "d": home, "%": "%"}
    tokens["u"] = environ.get("USER", "")

    def paths(values: Sequence[str]) -> tuple[Path, ...]:
        return tuple(Path(_expand(v, tokens, home)) for v in values if v not in {"", "none"})

    known = paths(_first(said, "userknownhostsfile").split())
    everybodys = paths(_first(said, "globalknownhostsfile").split())
    alias = _first(said, "hostkeyalias") or (host if port == SSH_PORT else f"[{host}]:{port}")
    return SshAddress(
        host=host,
        port=port,
        user=user,
        known_hosts=known[0] if known else Path(os.devnull),
        host_key_alias=alias.lower(),
        config=OwnConfig(
            name=target.host,
            user=target.user,
            port=target.port,
            file=file,
            identity_files=paths(said.get("identityfile", ())),
            identities_only=_first(said, "identitiesonly") == "yes",
            identity_agent=_agent(_first(said, "identityagent"), environ, tokens),
            more_known_hosts=(*known[1:], *everybodys),
            accepts_new_keys=_first(said, "stricthostkeychecking")
            in {"accept-new", "no", "false", "off"},
            jump=jump,
            proxy_command=_command(_first(said, "proxycommand")),
        ),
    )


def _jumps(said: Said) -> list[Target]:
    names = _first(said, "proxyjump").split(",")
    return [parse_target(n.removeprefix("ssh://")) for n in names if n not in {"", "none"}]


def _first(said: Said, keyword: str) -> str:
    values = said.get(keyword, ())
    return values[0] if values else ""


def _command(value: str) -> str:
    return "" if value == "none" else value


def _agent(value: str, environ: Mapping[str, str], tokens: Mapping[str, str]) -> Path | None:
    if value == "none":
        return None
    if value in {"", "SSH_AUTH_SOCK"}:
        value = environ.get("SSH_AUTH_SOCK", "")
    elif value.startswith("$"):
        value = environ.get(value.strip("${}"), "")
    return Path(_expand(value.strip('"'), tokens, environ.get("HOME", ""))) if value else None


def _expand(value: str, tokens: Mapping[str, str], home: str) -> str:
    """Return a path of ssh_config with `~` and the usual `%` tokens filled in."""
    if value.startswith("~/"):
        value = f"{home}/{value[2:]}"
    return re.sub(r"%(.)", lambda found: tokens.get(found[1], found[0]), value)
