"""What a provider of secrets is, and how its program is asked.

A provider gets the variables that are its own and the ordinary ones, no other tool's tokens, and
runs in the home directory: never in a repo, whose files some of these programs would read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import ClassVar, Protocol

from ..command import Completed, Run, run_command
from ..errors import GuardError, printable
from .secret import Secret, masked

Values = Mapping[str, Secret]
"""What is at one place, by key; MAIN is its value where it has one for itself."""
MAIN = ""
WHOLE = "*"
"""The key of a text as a whole, of which MAIN is a part."""

UNLOCKED_WITHIN_S = 180
"""A person may have to find a key or a finger."""
_CHECKED_WITHIN_S = 5
_ORDINARY = re.compile(
    r"HOME|PATH|USER|LOGNAME|LANG|LC_\w+|TERM|TZ|TMPDIR|XDG_\w+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY"
    r"|DBUS_SESSION_BUS_ADDRESS|GPG_TTY|GNUPGHOME|SSL_CERT_(FILE|DIR)|SECURITYSESSIONID"
    r"|__CF_USER_TEXT_ENCODING|((https?|no|all)_proxy)|((HTTPS?|NO|ALL)_PROXY)"
)
_TELLING = re.compile(r"TOKEN|KEY|SECRET|PASS|SESSION|CREDENTIAL|AUTH", re.IGNORECASE)
"""Variables whose values are none to show."""
_SHOWN_LINES = 3


@dataclass(eq=False)
class ProviderFailed(GuardError):
    """A provider could not give what it was asked for."""

    words: str
    """Its own, as far as it has any."""

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Checked:
    """Whether a provider could be asked, as far as that can be known without asking it."""

    is_usable: bool
    says: str
    fix: str = ""


@dataclass(frozen=True)
class Tools:
    """This computer, as providers use it."""

    environ: Mapping[str, str]
    home: Path
    run: Run = run_command
    turn: Lock = field(default_factory=Lock, repr=False, compare=False)
    """Held while secrets are fetched: two programs must not ask at one time."""

    def variables(self, own: str = "") -> dict[str, str]:
        """Return the ordinary variables, and those whose name the expression `own` begins."""
        return {
            name: value
            for name, value in self.environ.items()
            if _ORDINARY.fullmatch(name) or (own and re.match(own, name))
        }

    def ask(self, *argv: str, variables: Mapping[str, str], cwd: Path | None = None) -> str:
        """Return what a program prints. It may ask the person, on the terminal or on screen.

        Raises:
            ProviderFailed: with the program's own words, and no secret that is known in them.
        """
        answer: Completed = self.run(
            argv,
            variables,
            timeout_s=UNLOCKED_WITHIN_S,
            cwd=cwd or self.home,
            on_terminal=True,
        )
        if answer.is_missing:
            raise ProviderFailed(f"{argv[0]} is not installed")
        if answer.has_timed_out:
            raise ProviderFailed(f"{argv[0]} did not answer within {UNLOCKED_WITHIN_S} s")
        if answer.status != 0:
            raise ProviderFailed(_own_words(argv[0], answer, variables))
        return answer.stdout


class Provider(Protocol):
    """Gives the values that are at places of one kind."""

    @property
    def scheme(self) -> str:
        """What its references begin with."""

    @property
    def form(self) -> re.Pattern[str]:
        """What its places look like."""

    @property
    def example(self) -> str:
        """A reference, to show."""

    @property
    def has_keys(self) -> bool:
        """Whether a place has several values, of which `#KEY` chooses one."""

    @property
    def has_slashes(self) -> bool:
        """Whether `//` stands after the scheme."""

    def check(self, tools: Tools) -> Checked:
        """Look whether it can be asked. It never prompts, and unlocks nothing."""

    def fetch(self, paths: Sequence[str], tools: Tools) -> Mapping[str, Values | ProviderFailed]:
        """Return what is at each of `paths`, or why not: all in one go, for one unlocking."""


class ByProgram:
    """What providers have in common that are asked by a command line."""

    scheme: ClassVar[str]
    program: ClassVar[str]
    form: ClassVar[re.Pattern[str]]
    example: ClassVar[str]
    has_keys: ClassVar[bool] = True
    has_slashes: ClassVar[bool] = True
    login: ClassVar[str] = ""
    """What mends what is lacking."""
    own_variables: ClassVar[str] = ""
    """An expression for the beginnings of the variables that are this program's own."""

    def check(self, tools: Tools) -> Checked:
        """See Provider: only the program's version is asked for, away from any terminal."""
        answer = tools.run(
            (self.program, "--version"), tools.variables(), timeout_s=_CHECKED_WITHIN_S
        )
        if answer.is_missing:
            return Checked(False, f"{self.program} is not installed", f"install {self.program}")
        says = printable(answer.stdout or answer.stderr, 60)
        lacking = self.lacks(tools)
        return Checked(not lacking, lacking or f"{self.program}: {says}", lacking and self.login)

    def lacks(self, tools: Tools) -> str:
        """Return what can be seen to be missing without asking the program."""
        del tools
        return ""

    def fetch(self, paths: Sequence[str], tools: Tools) -> dict[str, Values | ProviderFailed]:
        """See Provider: one place after the other."""
        found: dict[str, Values | ProviderFailed] = {}
        for path in paths:
            try:
                found[path] = self.read(path, tools)
            except ProviderFailed as error:
                found[path] = error
        return found

    def read(self, path: str, tools: Tools) -> Values:
        """Return what is at one place. Raises `ProviderFailed`."""
        raise NotImplementedError(path, tools)

    def ask(self, tools: Tools, *words: str) -> str:
        """Return what the program prints, given its own variables. Raises `ProviderFailed`."""
        return tools.ask(self.program, *words, variables=tools.variables(self.own_variables))


def _own_words(program: str, answer: Completed, variables: Mapping[str, str]) -> str:
    lines = [line for line in answer.stderr.splitlines() if line.strip()][-_SHOWN_LINES:]
    hidden = [answer.stdout, *(v for k, v in variables.items() if _TELLING.search(k))]
    words = masked(" ".join(lines), [Secret(text.strip()) for text in hidden if text.strip()])
    return f"{program}: {printable(words) or f'exit status {answer.status}'}"
