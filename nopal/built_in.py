"""What holds when no file says otherwise: the weakest layer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .authorities import host_authorities
from .key_settings import Rate
from .merge import Layer, Setting
from .project import GIB, ImageChoice, Origin


@dataclass(frozen=True)
class HostSize:
    """How much this host has to share."""

    cpus: int
    memory_bytes: int

    @classmethod
    def detect(cls) -> HostSize:
        """Ask the operating system."""
        pages = os.sysconf("SC_PHYS_PAGES")
        return cls(os.cpu_count() or 1, pages * os.sysconf("SC_PAGE_SIZE"))


SHARED_GETS: Mapping[str, object] = {"signing": False, "keys.while": "never"}
"""What holds in a machine for a whole folder of code, whatever [defaults] say of projects."""


def shared_layer(asked: Layer) -> Layer:
    """Return what goes below `asked`, a table with `mode = "shared"`; else an empty layer.

    Whoever asks for keys or signatures there gets the keys that these need.
    """
    mode = asked.settings.get("mode")
    if mode is None or mode.value != "shared":
        return Layer("project")
    asks = any(key == "signing" or key.startswith("keys.") for key in asked.settings)
    values = {"keys.while": "always", "signing": False} if asks else SHARED_GETS
    return Layer("project", {key: Setting(value, mode.origin) for key, value in values.items()})


def built_in_layer(host: HostSize) -> Layer:
    """Return every key with its default: at most 4 CPUs, 8 GiB and half the host's memory."""
    half_gib = host.memory_bytes // 2 // GIB
    values: dict[str, object] = {
        "image": ImageChoice(name="debian-13"),
        "cpus": min(4, host.cpus),
        "memory": max(1, min(8, half_gib)) * GIB,
        "disk": 40 * GIB,  # grows as it fills
        "profiles": ("docker", "node", "claude", "codex", "gh", "git"),
        "repos": (),
        "ports": "auto",
        "shell": "bash",
        "checkpoint": "never",
        "autonomy": "auto",
        "signing": True,
        "signing_key": "",
        "allowed_signers": (),
        "mode": "project",
        "mounts": (),
        "watch": "none",
        "secrets": (),
        "agents": {},
        "skills": (),
        "secrets_dotenv": False,
        "wants_secrets": (),
        "checkpoint_memory": "auto",
        "notify": False,
        "keys.expose": "auto",
        "keys.signing": "person",
        "keys.agent": "",
        "keys.sign": {"git": "allow"},
        "keys.login": "auto",
        "keys.users": {},
        "keys.hostbound": (),
        "keys.unbound": "deny",
        "keys.rate.sign": Rate(60, 600),
        "keys.rate.login": Rate(60, 600),
        "keys.rate.ask": Rate(5, 600),
        "keys.remember": 900,
        "keys.while": "always",
        "git.name": "",
        "git.email": "",
        "timezone": "",
        "locale": "C.UTF-8",
        "extra_ca": host_authorities(),
    }
    origin = Origin("built-in")
    return Layer("built-in", {key: Setting(value, origin) for key, value in values.items()})
