"""Codex CLI, ready to work: pinned, no first-run question but the login.

Codex writes into its own ~/.codex/config.toml, so nopal leaves that file alone and writes the
weaker /etc/codex/config.toml: what a person sets in the former wins. No credential is written.

Autonomy, from the project: with `auto` and `full` Codex neither asks nor confines its commands, the
machine being the wall; with `ask` it asks, and confines commands to the project's folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from provision import Block, Check, Directory, File, Npm, Step

from .agent import Agent
from .agent_hooks import codex_hooks
from .guest import Guest
from .login import Login
from .memory import MARKDOWN_COMMENT, memory
from .pin import Pin
from .profile import profile

CODEX = Pin("codex", "0.169.0", registry="npm", package="@openai/codex")
PINS = (CODEX,)

AGENT = Agent(
    program="codex",
    title="Codex",
    prompt=("--", "{}"),
    goes_on=("resume", "--last"),
    chooses=("resume",),
    resume=("resume", "{}"),
    headless=("exec", "--json", "--skip-git-repo-check", "--", "{}"),
    headless_on=("exec", "resume", "--last", "--json", "--", "{}"),
    tells=True,
    asks=r"enter to confirm|esc to cancel",
    works=r"esc to interrupt",
    transcripts="~/.codex/sessions",
    hosts=("api.openai.com", "chatgpt.com", "auth.openai.com"),
    # Codex asks for a login on a terminal whatever the environment holds; `codex exec` takes this.
    login_variables=("CODEX_API_KEY",),
)

_LOGIN_FILE = "~/.codex/auth.json"
LOGINS = (
    Login(
        title="an API key",
        form=r"sk-(?!ant-)[\w-]{20,500}",
        variable="CODEX_AUTH_JSON",
        how="make an API key at https://platform.openai.com/api-keys",
        file=_LOGIN_FILE,
        # As `codex login --with-api-key` writes it.
        content='{"auth_mode":"apikey","OPENAI_API_KEY":"{}"}',
    ),
    Login(
        title="the auth.json of a ChatGPT login",
        form=r'\s*\{.*"tokens".*\}\s*',
        variable="CODEX_AUTH_JSON",
        how=(
            "with a ChatGPT plan, `codex login --device-auth` logs in by a code that you type in a"
            " browser, if the settings of ChatGPT allow that; give it to one machine only"
        ),
        # Codex would leave it in a keyring otherwise, where the machine has one.
        command=(
            *("codex", "login", "-c", 'cli_auth_credentials_store="file"'),
            "--device-auth",
        ),
        folder_variable="CODEX_HOME",
        leaves="auth.json",
        file=_LOGIN_FILE,
    ),
)

_UNCONFINED = ("never", "danger-full-access")
_POLICIES = {"auto": _UNCONFINED, "full": _UNCONFINED, "ask": ("on-request", "workspace-write")}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `codex`."""

    version: str = CODEX.version
    """An exact version of the npm package, or `latest`, which `inv update` moves. Its first-run
    screens were checked for the default."""


@profile(requires=["node"], agent=AGENT)
def codex(options: Options, guest: Guest) -> Iterator[Step]:
    """Codex CLI at a pinned version, with no first-run question but the login."""
    yield Npm(CODEX.package, options.version)
    yield File("/etc/codex/config.toml", config(guest))
    yield from codex_hooks()
    yield Directory("~/.codex", mode="0700")
    # Codex reads the memory file of its own folder, not the one in the home.
    yield Block("~/.codex/AGENTS.md", memory(guest), comment=MARKDOWN_COMMENT)
    yield Check("codex --version", matches=r"codex-cli \d+\.\d+\.\d+")


def config(guest: Guest) -> str:
    """Return the text of /etc/codex/config.toml."""
    approval, sandbox = _POLICIES[guest.autonomy]
    text = f"""\
# Written by nopal. Your own settings go into ~/.codex/config.toml, which wins.
approval_policy = "{approval}"
sandbox_mode = "{sandbox}"
check_for_update_on_startup = false

[features]
# The background server outlives its terminal and keeps the environment of the first one.
daemon_auto_start = false

[analytics]
enabled = false
"""
    for folder in guest.workspaces:
        text += f'\n[projects.{_toml_string(folder)}]\ntrust_level = "trusted"\n'
    return text


def _toml_string(text: str) -> str:
    # A JSON string is a TOML string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
