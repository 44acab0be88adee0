"""fnox, which speaks to many stores itself: all secrets of one profile.

It reads `fnox.toml` of the home directory and its own global file. `exec` is asked, not `export`,
which can leave files behind.
"""

from __future__ import annotations

import re

from . import answers
from .provider import ByProgram, Tools, Values
from .secret import Secret


class Fnox(ByProgram):
    """https://fnox.jdx.dev/."""

    scheme = "fnox"
    program = "fnox"
    form = re.compile(r"\w[\w-]*", re.ASCII)
    example = "fnox://PROFILE or fnox://PROFILE#NAME"
    own_variables = "(?!NOPAL_)"  # it is there to ask the others

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        before = tools.variables(self.own_variables)
        words = ("--profile", path, "--if-missing", "error", "exec", "--", "env", "-0")
        printed = answers.environment(self.ask(tools, *words))
        return {name: Secret(value) for name, value in printed.items() if before.get(name) != value}
