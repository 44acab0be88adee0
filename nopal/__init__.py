"""nopal: a Linux machine of its own for every project.

What a repo's `tasks.py` needs is here: `ns` (the verbs), `profile`, `connect` and the step kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profiles.agent import Agent as Agent
    from profiles.guest import Guest as Guest
    from profiles.profile import profile as profile

    from .guest import connect as connect
    from .tasks import ns as ns

_HOMES = {
    "Agent": ("profiles.agent", "Agent"),
    "Guest": ("profiles.guest", "Guest"),
    "connect": ("nopal.guest", "connect"),
    "ns": ("nopal.tasks", "ns"),
    "profile": ("profiles.profile", "profile"),
}


def __getattr__(name: str) -> Any:
    """Load a name at its first use, so that importing nopal costs next to nothing."""
    from importlib import import_module  # noqa: PLC0415

    if name in _HOMES:
        module, attribute = _HOMES[name]
        return getattr(import_module(module), attribute)
    import provision  # noqa: PLC0415

    if name in provision.HOME:
        return getattr(provision, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
