"""What the person says about the keys of this computer that a machine may use. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["allow", "ask", "deny"]
While = Literal["always", "connected", "never"]
Kind = Literal["sign", "login", "ask"]


@dataclass(frozen=True)
class Rate:
    """How often something may happen."""

    count: int
    within_s: int

    def __str__(self) -> str:
        return f"{self.count}/{span(self.within_s)}"


@dataclass(frozen=True, kw_only=True)
class KeySettings:
    """`[projects.NAME.keys]` of the person's file, over their [defaults.keys]."""

    expose: Literal["auto", "deploy"] | tuple[str, ...]
    """Fingerprints or comments. `auto`: the key that signs and those that reach the repos;
    `deploy`: a key pair that this project has to itself."""
    signing: Literal["person", "project"]
    """Whose key signs commits."""
    agent: str
    """Which agent holds the keys: "" as it is found, `1password`, `env:NAME`, a socket's path."""
    sign: Mapping[str, Verdict]
    """What is done with a signature in a namespace; those that are not listed are denied."""
    login: Literal["auto"] | Mapping[str, Verdict]
    """What is done with a login to a host; `auto`: the hosts of the project's own repos."""
    users: Mapping[str, tuple[str, ...]]
    """As whom, by host; else the user of the repo's URL, or git."""
    hostbound: tuple[str, ...]
    """Hosts that must be named in the request itself."""
    unbound: Verdict
    """What is done for a client that does not say to which host it connects."""
    remember_s: int
    """How long a yes holds."""
    while_: While
    """When the machine may use any key at all."""
    rate: Mapping[Kind, Rate] = field(default_factory=dict)


def span(seconds: int) -> str:
    """Return a length of time as the file has it: `90s`, `15m`, `2h`."""
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def as_file(settings: KeySettings) -> dict[str, object]:
    """Return the settings by their names, as the file would have them."""
    expose, login = settings.expose, settings.login
    rates = {f"rate.{kind}": str(rate) for kind, rate in settings.rate.items()}
    return {
        "expose": expose if isinstance(expose, str) else list(expose),
        "signing": settings.signing,
        "agent": settings.agent,
        "sign": dict(settings.sign),
        "login": login if isinstance(login, str) else dict(login),
        "users": {host: list(names) for host, names in settings.users.items()},
        "hostbound": list(settings.hostbound),
        "unbound": settings.unbound,
        **rates,
        "remember": span(settings.remember_s),
        "while": settings.while_,
    }
