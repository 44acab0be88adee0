"""What nopal has to know of a coding agent that it did not write: a description, and no code.

Each agent's stands beside the profile that installs it (`claude.py`, `codex.py`, …). How it is
installed, and what answers its first-run questions, are that profile's steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOLE = "{}"


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One agent: how it is started and told, how it shows its state, where it keeps what.

    Words that hold `{}` get a value there: a prompt, or the id of a conversation. Empty words mean
    that the agent has no such way.
    """

    program: str
    """Its command."""
    title: str
    """Its name for people."""

    prepare: str = ""
    """The path of a program of the machine that is run before each session, in its environment, for
    what can be answered beforehand only there."""
    prompt: tuple[str, ...] = ()
    """Words that begin a session with a first prompt."""
    goes_on: tuple[str, ...] = ()
    """Words that go on with the last conversation of the folder."""
    chooses: tuple[str, ...] = ()
    """Words that let the person choose the conversation to go on with."""
    resume: tuple[str, ...] = ()
    """Words that go on with one conversation, known by its id."""
    headless: tuple[str, ...] = ()
    """Words that do what a prompt says without a terminal, and end."""
    headless_on: tuple[str, ...] = ()
    """Words that do so in the last conversation of the folder."""
    turns: tuple[str, ...] = ()
    """Words before those that limit how often it may turn to its model."""

    tells: bool = False
    """Whether its profile makes it tell its state by hooks (`agent_hooks.py`)."""
    asks: str = ""
    """What one of the lowest lines of its screen matches while it asks the person something: a
    regular expression, as the next one; the case of letters does not count."""
    works: str = ""
    """What one of them matches while it works."""

    transcripts: str = ""
    """The folder in which it keeps conversations; a leading `~/` is the home."""
    hosts: tuple[str, ...] = ()
    """Servers that it cannot do without, all at port 443."""
    login_variables: tuple[str, ...] = ()
    """Variables of the environment of which each logs it in."""

    def __post_init__(self) -> None:
        """Refuse a description that could not be used."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.program):
            message = f"`{self.program}` is no name of a program"
            raise ValueError(message)
        for pattern in (self.asks, self.works):
            re.compile(pattern)

    def command(
        self,
        arguments: tuple[str, ...] = (),
        *,
        prompt: str = "",
        goes_on: bool = False,
        resumes: str | None = None,
    ) -> tuple[str, ...]:
        """Return the command line of a session.

        `goes_on` takes up the last conversation of the folder, `resumes` one by its id, or, where
        that is empty, the one that the person chooses.

        Raises AgentCannot: the agent has no words for what is asked.
        """
        words = [self.program]
        # These stand first: for some agents they are a subcommand.
        if goes_on:
            words += self._words(self.goes_on, "--continue")
        elif resumes is not None:
            words += self._words(self.resume if resumes else self.chooses, "--resume", resumes)
        words += arguments
        if prompt:
            words += self._words(self.prompt, "--prompt", prompt)
        return tuple(words)

    def unattended(self, prompt: str, *, goes_on: bool = False, turns: int = 0) -> tuple[str, ...]:
        """Return the command line that does what `prompt` says without a terminal, and ends.

        `goes_on` takes up the last conversation of the folder. Raises AgentCannot.
        """
        words = [self.program]
        if turns:
            words += self._words(self.turns, "--max-turns", str(turns))
        if goes_on:
            words += self._words(self.headless_on, "tasks.resume", prompt)
        else:
            words += self._words(self.headless, "task", prompt)
        return tuple(words)

    def _words(self, words: tuple[str, ...], wish: str, value: str = "") -> tuple[str, ...]:
        if not words:
            from .errors import AgentCannot  # noqa: PLC0415 - not needed to declare an agent

            raise AgentCannot(self.program, wish)
        return tuple(word.replace(_HOLE, value) for word in words)
