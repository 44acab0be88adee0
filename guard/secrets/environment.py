"""A variable of the environment that nopal is started in as a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from . import answers
from .provider import Checked, ProviderFailed, Tools, Values


class Environment:
    """The variable's value."""

    scheme = "env"
    form = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
    example = "env://NAME"
    has_keys = False
    has_slashes = True

    def check(self, tools: Tools) -> Checked:
        """See Provider."""
        del tools
        return Checked(True, "the environment needs no program")

    def fetch(self, paths: Sequence[str], tools: Tools) -> Mapping[str, Values | ProviderFailed]:
        """See Provider."""
        return {
            name: answers.main(tools.environ[name])
            if name in tools.environ
            else ProviderFailed(f"{name} is not set here")
            for name in paths
        }
