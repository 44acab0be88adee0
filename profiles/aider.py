"""aider, ready to work: pinned, no first-run question but the login.

A Python program in an environment of its own, made by uv. aider does not run on a Python newer than
3.12, which Debian 13 no longer has: uv fetches that one, for aider alone.

nopal's settings are a block at the top of ~/.aider.conf.yml: a key that a person sets below it
wins, and so does a repo's own .aider.conf.yml. No credential is written: aider finds the usual
variables (ANTHROPIC_API_KEY, OPENAI_API_KEY, …), or offers to log in.

Autonomy, from the project: aider edits files without asking and commits each change. With `full` it
takes every question of its own for answered by yes, but for one: it then runs no command that the
model proposes. With `auto` and `ask` it asks before it runs one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from provision import Block, Check, Step, UvTool

from .agent import Agent
from .guest import Guest
from .memory import MARKDOWN_COMMENT, memory
from .pin import Pin
from .profile import profile

AIDER = Pin("aider", "0.86.2", registry="pypi", package="aider-chat")
PINS = (AIDER,)

AGENT = Agent(
    program="aider",
    title="aider",
    goes_on=("--restore-chat-history",),
    headless=("--yes-always", "--message={}"),
    asks=r"\(Y\)es/\(N\)o.*\]:$",
    works=r"waiting for ",
    login_variables=("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"),
)

# No pin of its own: each uv knows the Pythons of its day, with their checksums.
CPYTHON = "3.12.16"

_MEMORY = "~/.aider/AGENTS.md"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `aider`."""

    version: str = AIDER.version
    """An exact version of the Python package, or `latest`. Its first screen was checked for the
    default."""
    python: str = CPYTHON
    """The Python it is installed for: a version that uv knows, or the path of one."""


@profile(requires=["python"], agent=AGENT)
def aider(options: Options, guest: Guest) -> Iterator[Step]:
    """Aider at a pinned version, with no first-run question but the login."""
    yield UvTool(AIDER.package, options.version, python=options.python)
    yield Block(_MEMORY, memory(guest), comment=MARKDOWN_COMMENT)
    yield Block("~/.aider.conf.yml", config(guest), top=True)
    # aider keeps its history beside the code, and asks to ignore it in each repository.
    yield Block("~/.config/git/ignore", ".aider*\n", marker="aider")
    yield Check("~/.local/bin/aider --version", matches=r"^aider \d+\.\d+")


def config(guest: Guest) -> str:
    """Return nopal's part of ~/.aider.conf.yml."""
    values: dict[str, object] = {
        "analytics": False,
        # What replaces aider is another version in the project.
        "check-update": False,
        "gitignore": False,
        "show-release-notes": False,
        "yes-always": guest.autonomy == "full",
        "read": [guest.absolute(_MEMORY)],
    }
    # What is JSON is YAML.
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())
