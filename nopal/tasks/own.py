"""The verbs of a person's own profiles, which are made only where a command line may mean one."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection as Names
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoke import Collection

_VERB = re.compile(r"([a-z0-9][a-z0-9-]*)\.(install|plan|verify)")


def may_mean_own(words: Sequence[str], known: Names[str]) -> bool:
    """Return whether names are being completed, or a verb is one of a profile not among `known`."""
    verbs = [found[1] for word in words if (found := _VERB.fullmatch(word))]
    return "--complete" in words or any(name not in known for name in verbs)


def add_own_profiles(ns: Collection, words: Sequence[str]) -> None:
    """Add to `ns` the profiles of the person's folder and of packages, if `words` may mean one.

    What cannot be imported is told, and keeps no verb from running.
    """
    if not may_mean_own(words, ns.collections):
        return
    from ..errors import ProjectError  # noqa: PLC0415
    from ..screen import printable  # noqa: PLC0415
    from ..workspace import Workspace  # noqa: PLC0415

    catalogue = Workspace.open().catalogue
    try:
        own = [catalogue[name] for name in catalogue if name not in ns.collections]
    except ProjectError as error:
        if "--complete" not in words:
            sys.stderr.write("\n".join(map(printable, str(error).split("\n"))) + "\n")
        return
    for profile in own:
        if profile.label not in ns.tasks:
            ns.add_collection(profile)
