"""A command of the person's own: its words, and no shell.

What it prints is the value. Where it stands for many, it prints a JSON object, or NAME=VALUE with
a NUL behind each.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from . import answers
from .provider import MAIN, Checked, ProviderFailed, Tools, Values
from .secret import Secret


class OwnCommand:
    """It gets the whole environment, as if it were typed."""

    scheme = "command"
    # Quotes in pairs, so that the words can be told.
    form = re.compile(r"""(?:[^\x00-\x1f'"\\]|'[^'\x00-\x1f]*'|"[^"\\\x00-\x1f]*")+""")
    example = "command:PROGRAM ARGUMENTS"
    has_keys = False
    has_slashes = False

    def check(self, tools: Tools) -> Checked:
        """See Provider."""
        del tools
        return Checked(True, "a command of your own is not run to check it")

    def fetch(self, paths: Sequence[str], tools: Tools) -> Mapping[str, Values | ProviderFailed]:
        """See Provider."""
        return {path: _read(path, tools) for path in paths}


def _read(command: str, tools: Tools) -> Values | ProviderFailed:
    try:
        printed = tools.ask(*shlex.split(command), variables=tools.environ)
    except ProviderFailed as error:
        return error
    return {**_many(printed), MAIN: Secret(answers.one_text(printed))}


def _many(printed: str) -> dict[str, Secret]:
    if "\0" in printed:
        found = answers.environment(printed)
        return {name: Secret(value) for name, value in found.items()}
    try:
        return answers.json_values(printed, "")
    except ProviderFailed:
        return {}
