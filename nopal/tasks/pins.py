"""`pins`: which versions the profiles chose, and which are newer."""

from __future__ import annotations

import json as json_text
import os
import sys
from typing import TYPE_CHECKING

from invoke import Context

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profiles.pin import Pin
    from profiles.profile import Profile


@verb(
    name="pins",
    help={
        "project": PROJECT,
        "profile": "only the pins of this profile",
        "newer": "only those for which there is a newer version",
        "json": "print JSON instead of columns",
    },
)
def list_pins(
    c: Context, project: str = "", profile: str = "", newer: bool = False, json: bool = False
) -> None:
    """List the versions that profiles pin, and the newest with their checksums.

    Changes nothing: below the table stands what to write into a project file. A registry that
    cannot be asked is said in its line.
    """
    from lima.host import machine_of  # noqa: PLC0415

    from .. import pins  # noqa: PLC0415
    from ..pin_sources import on_this_host  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415

    workspace = open_workspace(c)
    options = workspace.project(project).options
    asked = [
        (name, pin, _chosen(pin, options.get(name, {})))
        for name, each in _wanted(workspace.catalogue, profile).items()
        for pin in each.pins
    ]
    sources = on_this_host(workspace.environ)
    title = f"asking for the newest of {len(asked)} programs"
    with workspace.screen.activity(title, tells_end=False):
        answers = sources.all_newest([(pin, chosen or pin.version) for _, pin, chosen in asked])
    rows = [
        pins.Row(name, pin, newest, chosen)
        for (name, pin, chosen), newest in zip(asked, answers, strict=True)
    ]
    unknown = sum(isinstance(row.newest, pins.NotKnown) for row in rows)
    rows = [row for row in rows if row.is_behind or not newer]
    machine = machine_of(os.uname().machine)
    if newer and unknown:
        workspace.screen.line(f"{unknown} could not be asked for: inv pins tells why")
    if json:
        text = json_text.dumps(pins.as_data(rows, machine), indent=2)
    elif not rows:
        text = "nothing newer is known"
    else:
        text = "\n".join(map(printable, pins.as_text(rows, machine).split("\n")))
    sys.stdout.write(text + "\n")


def _wanted(catalogue: Mapping[str, Profile], name: str) -> Mapping[str, Profile]:
    from profiles.errors import UnknownProfile  # noqa: PLC0415

    if name and name not in catalogue:
        raise UnknownProfile(name, tuple(catalogue))
    return {name: catalogue[name]} if name else catalogue


def _chosen(pin: Pin, options: Mapping[str, object]) -> str:
    """Return the version that an option names in place of the pin."""
    value = str(options.get(pin.option) or "") if pin.option else ""
    return value if value != pin.version else ""
