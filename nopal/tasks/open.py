"""The workspace of a task: this process's surroundings and Invoke's configuration."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke import Context, Exit

if TYPE_CHECKING:
    from ..workspace import Workspace


def open_workspace(c: Context, *, waits: bool = True) -> Workspace:
    """Return the workspace, with the profiles and options of the `tasks.py` that is run.

    With `waits` false, the command fails where another one is at work on what it needs.
    """
    from profiles.catalogue import BuiltIn  # noqa: PLC0415
    from profiles.profile import Profile  # noqa: PLC0415

    from ..lock import Command  # noqa: PLC0415
    from ..workspace import Workspace  # noqa: PLC0415
    from . import ns  # noqa: PLC0415

    verb = next((word for word in sys.argv[1:] if word in ns.tasks), "")

    return Workspace.open(
        _option_defaults(c.config.get("profiles", {})),
        [
            found
            for found in ns.collections.values()
            if isinstance(found, Profile) and not isinstance(found, BuiltIn)
        ],
        Command(verb, waits),
    )


def _option_defaults(configured: object) -> dict[str, dict[str, object]]:
    if not configured:
        return {}
    tables = dict(configured.items()) if hasattr(configured, "items") else None
    if tables is None or not all(hasattr(values, "items") for values in tables.values()):
        message = "`profiles` in Invoke's configuration must hold a table of options per profile"
        raise Exit(message, 2)
    from ..schema import PERSON_ONLY_OPTIONS  # noqa: PLC0415 - msgspec is not needed to list

    for name, values in tables.items():
        refused = PERSON_ONLY_OPTIONS.get(name)
        if refused is None or (refused and refused.isdisjoint(values)):
            continue
        # An invoke.yaml may be a repo's.
        options = ", ".join(sorted(refused.intersection(values)))
        message = (
            f"`profiles.{name}{options and f'.{options}'}` can't be set in Invoke's configuration\n"
            f"put it under [projects.NAME.options.{name}] in your own projects.toml"
        )
        raise Exit(message, 2)
    return {name: dict(values) for name, values in tables.items()}
