"""1Password: items by `op://`, Environments by `op-env://`.

`op run` gives what it resolved to a program, here `env -0`, which prints it: no other of its ways
keeps line ends and control characters. See https://developer.1password.com/docs/cli/reference/.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import answers
from .provider import ByProgram, ProviderFailed, Tools, Values
from .secret import Secret

_PRINT = ("run", "--no-masking")
_ENV = ("--", "env", "-0")
_LOCKED = re.compile(r"authoriz|authenticat|sign(ed)? ?in|account|connect|token", re.IGNORECASE)
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_PART = r"[A-Za-z0-9_.@+-]([A-Za-z0-9_.@+ -]*[A-Za-z0-9_.@+-])?"


class Items(ByProgram):
    """Fields of items, all of them by one call of `op`."""

    scheme = "op"
    program = "op"
    form = re.compile(rf"{_PART}(/{_PART}){{2,3}}(\?[a-z-]+=[a-z-]+)?")
    example = "op://VAULT/ITEM/FIELD or op://VAULT/ITEM/SECTION/FIELD"
    has_keys = False
    own_variables = "OP_"

    def fetch(self, paths: Sequence[str], tools: Tools) -> dict[str, Values | ProviderFailed]:
        """See Provider. One bad reference spoils a call of `op`, so then each is asked alone."""
        try:
            return self._together(paths, tools)
        except ProviderFailed as error:
            # Somebody who did not unlock it is not asked once for each.
            if len(paths) == 1 or _LOCKED.search(error.words):
                return dict.fromkeys(paths, error)
        return super().fetch(paths, tools)

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        found = self._together((path,), tools)[path]
        if isinstance(found, ProviderFailed):
            raise found
        return found

    def _together(self, paths: Sequence[str], tools: Tools) -> dict[str, Values | ProviderFailed]:
        names = {path: f"NOPAL_ITEM_{number}" for number, path in enumerate(paths)}
        wanted = {name: f"op://{path}" for path, name in names.items()}
        variables = tools.variables(self.own_variables) | wanted
        printed = answers.environment(tools.ask("op", *_PRINT, *_ENV, variables=variables))
        found: dict[str, Values | ProviderFailed] = {}
        for path, name in names.items():
            value = printed.get(name, wanted[name])
            is_there = value != wanted[name]
            found[path] = answers.main(value) if is_there else ProviderFailed("op: it gave nothing")
        return found


class Environments(ByProgram):
    """All variables of an Environment."""

    scheme = "op-env"
    program = "op"
    form = re.compile(r"[A-Za-z0-9]{10,64}")
    example = "op-env://ENVIRONMENT_ID or op-env://ENVIRONMENT_ID#NAME"
    own_variables = "OP_"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        before = tools.variables(self.own_variables)
        try:
            words = (*_PRINT, "--environment", path, *_ENV)
            printed = answers.environment(self.ask(tools, *words))
        except ProviderFailed as error:
            if "unknown flag" not in error.words:
                raise
            return _lines(self.ask(tools, "environment", "read", path))
        return {name: Secret(value) for name, value in printed.items() if before.get(name) != value}


def _lines(text: str) -> Values:
    """Read what `op` before 2.41 prints: lines that do not tell where a value with several ends."""
    values = {}
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            message = "op: this version can't print values of several lines: update it to 2.41"
            raise ProviderFailed(message)
        values[found[1]] = Secret(found[2])
    return values
