"""The password store, by `pass` or `gopass`.

An entry's first line is its value; lines such as `user: ann` below have keys of their own, and the
key `*` means all of it.
"""

from __future__ import annotations

import re
from pathlib import Path

from .provider import MAIN, WHOLE, ByProgram, ProviderFailed, Tools, Values
from .secret import Secret

_ENTRY = re.compile(r"[\w.@+][\w.@+ -]*(/[\w.@+][\w.@+ -]*)*")
_FIELD = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_. -]*): *(.*)")


class Pass(ByProgram):
    """https://www.passwordstore.org/."""

    scheme = "pass"
    program = "pass"
    form = _ENTRY
    example = "pass://PATH or pass://PATH#KEY"
    login = "pass init YOUR-GPG-ID, or set PASSWORD_STORE_DIR"
    own_variables = "PASSWORD_STORE_"

    def lacks(self, tools: Tools) -> str:
        """See ByProgram."""
        return "" if _store(tools).is_dir() else f"there is no password store in {_store(tools)}"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        # Of a folder, pass would print the list of what is in it, and call that success.
        if not (_store(tools) / f"{path}.gpg").is_file():
            raise ProviderFailed(f"pass: {path} is not in the password store")
        return _entry(self.ask(tools, "show", path))


class Gopass(ByProgram):
    """https://www.gopass.pw/."""

    scheme = "gopass"
    program = "gopass"
    form = _ENTRY
    example = "gopass://PATH or gopass://PATH#KEY"
    own_variables = "GOPASS_|PASSWORD_STORE_"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        # As it is written, the password included, even where the settings hide it.
        return _entry(self.ask(tools, "show", "--unsafe", "--noparsing", path))


def _store(tools: Tools) -> Path:
    named = tools.environ.get("PASSWORD_STORE_DIR", "")
    return Path(named) if named else tools.home / ".password-store"


def _entry(text: str) -> Values:
    first, _, below = text.partition("\n")
    fields = (_FIELD.fullmatch(line) for line in below.splitlines())
    found = {field[1]: Secret(field[2]) for field in fields if field}
    return {**found, MAIN: Secret(first), WHOLE: Secret(text)}
