"""Gemini CLI, ready to work: pinned, no first-run question but the login.

Gemini reads /etc/gemini-cli/system-defaults.json first of all, so nopal's settings stand there: a
person's ~/.gemini/settings.json and a repo's own settings win. No credential is written. With
GEMINI_API_KEY in the environment Gemini still asks once how to log in; `login = "key"` answers.

Autonomy, from the project, is a policy of Gemini's, since its automatic mode ("YOLO") can be had by
a flag only. It has the lowest priority of a person's policies: those of other files beside it win.
In plan mode, which only reads, it does not count.

* `auto`: commands, edits and tools need no word; Gemini may ask questions of its own.
* `full`: it cannot ask at all, for unattended runs.
* `ask`: Gemini asks as it does on a laptop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Block, Check, Directory, File, JsonMerge, Npm, Step
from provision.steps.json_merge import Default

from .agent import Agent
from .guest import Autonomy, Guest
from .memory import MARKDOWN_COMMENT, memory
from .pin import Pin
from .profile import profile

GEMINI = Pin("gemini", "0.61.0", registry="npm", package="@google/gemini-cli")
PINS = (GEMINI,)

AGENT = Agent(
    program="gemini",
    title="Gemini",
    prompt=("--prompt-interactive={}",),
    goes_on=("--resume",),
    resume=("--resume={}",),
    headless=("--prompt={}",),
    asks=r"waiting for user confirmation|apply this change\?|allow execution",
    works=r"\(esc to cancel",
    transcripts="~/.gemini/tmp",
    hosts=("generativelanguage.googleapis.com",),
    login_variables=("GEMINI_API_KEY",),
)

Login = Literal["", "google", "key", "vertex"]
_LOGINS: dict[Login, str] = {
    "google": "oauth-personal",
    "key": "gemini-api-key",
    "vertex": "vertex-ai",
}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `gemini`."""

    version: str = GEMINI.version
    """An exact version of the npm package, or `latest`. Its first-run screens were checked for the
    default."""
    login: Login = ""
    """How to log in: a Google account, the key in GEMINI_API_KEY, or Vertex AI; else it asks."""


@profile(requires=["node"], agent=AGENT)
def gemini(options: Options, guest: Guest) -> Iterator[Step]:
    """Gemini CLI at a pinned version, with no first-run question but the login."""
    yield Npm(GEMINI.package, options.version)
    defaults = json.dumps(settings(options), indent=2, sort_keys=True) + "\n"
    yield File("/etc/gemini-cli/system-defaults.json", defaults)
    yield Directory("~/.gemini", mode="0700")
    yield File("~/.gemini/policies/nopal.toml", policy(guest.autonomy))
    # A folder that a person has stopped trusting since stays so.
    trusted = {folder: Default("TRUST_FOLDER") for folder in guest.workspaces}
    yield JsonMerge("~/.gemini/trustedFolders.json", trusted)
    # Gemini reads the memory file of its own folder, not the one in the home.
    yield Block("~/.gemini/GEMINI.md", memory(guest), comment=MARKDOWN_COMMENT)
    yield Check("gemini --version", matches=r"^\d+\.\d+\.\d+$")


def settings(options: Options) -> dict[str, object]:
    """Return the settings, weaker than all others."""
    values: dict[str, object] = {
        # The package belongs to root: an update could only fail.
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "ide": {"hasSeenNudge": True},
        "privacy": {"usageStatisticsEnabled": False},
    }
    if options.login:
        values["security"] = {"auth": {"selectedType": _LOGINS[options.login]}}
    return values


_ALLOWED = """
[[rule]]
toolName = "*"
decision = "allow"
priority = 0
modes = ["default", "autoEdit"]
# Without it each command with `>` in it is asked about.
allowRedirection = true
"""
_QUESTIONS = """
[[rule]]
toolName = ["ask_user", "enter_plan_mode"]
decision = "{decision}"
priority = 1
modes = ["default", "autoEdit"]
"""


def policy(autonomy: Autonomy) -> str:
    """Return the policy file; a rule of it weighs more than Gemini's own ones."""
    text = "# Written by nopal. Rules of your own go into another file of this folder.\n"
    if autonomy == "ask":
        return text
    decision = "deny" if autonomy == "full" else "ask_user"
    return text + _ALLOWED + _QUESTIONS.format(decision=decision)
