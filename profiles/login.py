"""What logs a program in: which text, where it comes from, and how the machine shows it to it.

A profile's module names its program's in `LOGINS`. Nothing of a login itself is here: nopal keeps
that on the host, and gives it to the memory of the machines that may have it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOLE = "{}"


@dataclass(frozen=True, kw_only=True)
class Login:
    """One kind of text that logs a program in."""

    title: str
    """What it is, for people."""
    form: str
    """What such a text looks like, as a regular expression for all of it."""
    variable: str
    """The variable of the environment that holds it in a machine."""
    how: str
    """How a person comes by one."""
    command: tuple[str, ...] = ()
    """What logs a person in on a terminal, and prints one or leaves it in a file."""
    folder_variable: str = ""
    """The variable that tells `command` in which folder to leave it."""
    leaves: str = ""
    """The file in that folder; "": it is printed, for the person to paste."""
    days: int = 0
    """How long it is good for; 0: nobody knows, or until it is taken back."""
    file: str = ""
    """The file, from `~/`, in which the program looks for it, where the variable is not enough."""
    content: str = _HOLE
    """What variable and file hold; `{}` is the text."""

    def fits(self, text: str) -> bool:
        """Return whether `text` looks like such a login."""
        return re.fullmatch(self.form, text, re.DOTALL) is not None

    def held(self, text: str) -> str:
        """Return what a machine gets of `text`."""
        return self.content.replace(_HOLE, text)
