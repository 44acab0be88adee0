"""The workspace of a task: this process's surroundings and Invoke's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Context

if TYPE_CHECKING:
    from ..workspace import Workspace


def open_workspace(c: Context) -> Workspace:
    """Return the workspace, with the profiles and options of the `tasks.py` that is run."""
    from profiles.profile import Profile  # noqa: PLC0415

    from ..workspace import Workspace  # noqa: PLC0415
    from . import ns  # noqa: PLC0415

    options = c.config.get("profiles", {})
    return Workspace.open(
        {name: dict(values) for name, values in options.items()},
        [found for found in ns.collections.values() if isinstance(found, Profile)],
    )
