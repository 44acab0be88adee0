"""opencode, ready to work: pinned, no first-run question but the login (`/connect`).

nopal's settings are merged, key by key, into ~/.config/opencode/opencode.json. opencode reads
opencode.jsonc beside it last and keeps its own changes there: what a person sets in that file wins.
No credential is written.

Before a login opencode sends what it is told to a free model of its makers ("OpenCode Zen"): log in
first where the code may not go there.

Autonomy, from the project:

* `auto`: opencode works in the project's folder without asking, and asks before it leaves that
  folder or does the same thing over and over.
* `full`: nothing is asked, the machine being the wall.
* `ask`: edits, commands and fetches of pages are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Block, Check, Command, JsonMerge, Npm, Step
from provision.steps.json_merge import Default

from .agent import Agent
from .guest import Autonomy, Guest
from .memory import MARKDOWN_COMMENT, memory
from .pin import Pin
from .profile import profile

OPENCODE = Pin("opencode", "1.18.33", registry="npm", package="opencode-ai")
PINS = (OPENCODE,)
_INSTALLED = f"/usr/local/lib/node_modules/{OPENCODE.package}"

AGENT = Agent(
    program="opencode",
    title="opencode",
    prompt=("--prompt={}",),
    goes_on=("--continue",),
    resume=("--session={}",),
    headless=("run", "--", "{}"),
    asks=r"permission required|allow once.*reject",
    works=r"\besc (again to )?interrupt",
    transcripts="~/.local/share/opencode",
    login_variables=("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"),
)

_AT_WORK = ("edit", "bash", "webfetch")
_AT_RISK = ("external_directory", "doom_loop")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `opencode`."""

    version: str = OPENCODE.version
    """An exact version of the npm package, or `latest`. Its first screen was checked for the
    default."""


@profile(requires=["node"], agent=AGENT)
def opencode(options: Options, guest: Guest) -> Iterator[Step]:
    """Opencode at a pinned version, with no first-run question but the login."""
    yield Npm(OPENCODE.package, options.version)
    # The package's install script puts the real program there; npm may be told to run no scripts.
    is_native = f"[ -n \"$(find {_INSTALLED}/bin/ -name 'opencode*' -size +1M)\" ]"
    yield Command(
        f"{is_native} || (cd {_INSTALLED} && node postinstall.mjs)",
        unless=is_native,
        name="opencode's native program",
    )
    yield JsonMerge("~/.config/opencode/opencode.json", settings(guest))
    # opencode does not look above a repository for the memory file of the home.
    yield Block("~/.config/opencode/AGENTS.md", memory(guest), comment=MARKDOWN_COMMENT)
    yield Check("opencode --version", matches=r"^\d+\.\d+\.\d+$")


def settings(guest: Guest) -> dict[str, object]:
    """Return the keys that opencode.json shall hold."""
    return {
        "$schema": Default("https://opencode.ai/config.json"),
        # The package belongs to root: an update could only fail.
        "autoupdate": Default(value=False),
        "permission": permissions(guest.autonomy),
    }


def permissions(autonomy: Autonomy) -> dict[str, str]:
    """Return what is allowed without asking, by opencode's own names."""
    at_work = "ask" if autonomy == "ask" else "allow"
    at_risk = "allow" if autonomy == "full" else "ask"
    return dict.fromkeys(_AT_WORK, at_work) | dict.fromkeys(_AT_RISK, at_risk)
