"""Claude Code, ready to work: pinned, no first-run question in any of the project's folders.

Installed by npm into /usr/local and owned by root, so it never updates itself: the version is the
one that the project names. What nopal needs in Claude's own files is merged into them key by key;
all other keys are Claude's and the person's. No credential is written: log in once inside, or give
the machine a token by its environment.

Autonomy, from the project:

* `auto`: Claude's automatic mode, where a classifier decides what has to be asked.
* `full`: nothing is ever asked, for unattended runs.
* `ask`: Claude asks as it does on a laptop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from provision import Check, Command, Directory, File, JsonMerge, Npm, Step
from provision.steps.json_merge import Default

from .agent import Agent
from .agent_hooks import claude_hooks
from .claude_extras import (
    check_plugins,
    check_servers,
    install_plugins,
    sandbox_packages,
    sandbox_settings,
    status_line,
)
from .data import read_data
from .environment import SECRETS
from .guest import Guest
from .login import Login
from .pin import Pin
from .profile import profile

CLAUDE = Pin("claude", "2.1.330", registry="npm", package="@anthropic-ai/claude-code")
PINS = (CLAUDE,)
_INSTALLED = f"/usr/local/lib/node_modules/{CLAUDE.package}"

_READY = "/usr/local/lib/nopal/claude-ready"
_EACH_COMMAND = "/etc/nopal/claude-env.sh"

AGENT = Agent(
    program="claude",
    title="Claude Code",
    prepare=_READY,
    prompt=("--", "{}"),
    goes_on=("--continue",),
    chooses=("--resume",),
    resume=("--resume={}",),
    headless=("-p", "--output-format=stream-json", "--verbose", "--", "{}"),
    headless_on=(
        *("--continue", "-p", "--output-format=stream-json", "--verbose"),
        *("--", "{}"),
    ),
    turns=("--max-turns={}",),
    tells=True,
    asks=r"Esc to cancel|Enter to select",
    works=r"esc to interrupt",
    transcripts="~/.claude/projects",
    hosts=("api.anthropic.com",),
    login_variables=("CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
)

LOGINS = (
    Login(
        title="a token of `claude setup-token`",
        form=r"sk-ant-oat[\w-]{20,500}",
        variable="CLAUDE_CODE_OAUTH_TOKEN",
        how="with a Claude subscription, `claude setup-token` prints a token for one year",
        command=("claude", "setup-token"),
        days=365,
    ),
    Login(
        title="an API key",
        form=r"sk-ant-api[\w-]{20,500}",
        variable="ANTHROPIC_API_KEY",
        how="without one, make an API key at https://platform.claude.com/settings/keys",
    ),
)

_MODES = {"auto": "auto", "full": "bypassPermissions", "ask": "default"}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `claude`."""

    version: str = CLAUDE.version
    """An exact version of the npm package, or `latest`, which `inv update` moves. Its first-run
    screens were checked for the default."""
    settings: dict[str, Any] = msgspec.field(default_factory=dict)
    """Further keys of ~/.claude/settings.json, such as `{"model": "opus"}`."""
    plugins: tuple[str, ...] = ()
    """Plugins, each as `PLUGIN@OWNER/REPO` or `PLUGIN@https://…` of a marketplace, or
    `PLUGIN@MARKETPLACE` of one that Claude has already."""
    mcp: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """MCP servers by name, such as `{"docs": {"command": "npx", "args": ["docs-mcp"]}}`. What is
    secret of one stands there as `${NAME}` and comes from the project's secrets."""
    sandbox: bool = False
    """Whether Claude confines the commands that it runs."""

    def __post_init__(self) -> None:
        """Refuse what Claude could make nothing of."""
        check_plugins(self.plugins)
        check_servers(self.mcp)


@profile(requires=["node"], agent=AGENT)
def claude(options: Options, guest: Guest) -> Iterator[Step]:
    """Claude Code at a pinned version, with no first-run question."""
    yield Npm(CLAUDE.package, options.version)
    # The package is a stub that its install script replaces by the real program; newer versions of
    # npm do not run such scripts.
    is_native = f"[ -n \"$(find {_INSTALLED}/bin/ -name 'claude*' -size +1M)\" ]"
    yield Command(
        f"{is_native} || (cd {_INSTALLED} && node install.cjs)",
        unless=is_native,
        name="claude's native program",
    )
    yield Directory("~/.claude", mode="0700")
    program, line = status_line()
    yield program
    yield File(_EACH_COMMAND, f"[ ! -r {SECRETS} ] || . {SECRETS}\n")
    yield File(_READY, read_data("claude-ready.sh"), mode="0755")
    yield JsonMerge("~/.claude/settings.json", _settings(options, guest, line))
    yield JsonMerge("~/.claude.json", _state(guest, options.mcp))
    yield from claude_hooks()
    if options.sandbox:
        yield from sandbox_packages(guest)
    yield from install_plugins(options.plugins)
    yield Check("claude --version", matches=r"\d+\.\d+\.\d+ \(Claude Code\)")


def _settings(options: Options, guest: Guest, line: dict[str, object]) -> dict[str, object]:
    settings: dict[str, object] = {
        **line,
        "env": {
            # The package belongs to root: an update could only fail.
            "DISABLE_AUTOUPDATER": Default("1"),
            # Inside tmux colours are cut to 256 otherwise.
            "CLAUDE_CODE_TMUX_TRUECOLOR": Default("1"),
            # Claude keeps BASH_ENV, by which other agents' commands hear of secrets that changed,
            # from its own; it puts what is in this file before each of them.
            "CLAUDE_ENV_FILE": Default(_EACH_COMMAND),
        },
        "permissions": {"defaultMode": _MODES[guest.autonomy]},
        # A repo's .mcp.json is asked about otherwise; their tools still obey the mode.
        "enableAllProjectMcpServers": Default(True),
    }
    if guest.autonomy == "full":
        settings["skipDangerousModePermissionPrompt"] = True
    if options.sandbox:
        settings |= sandbox_settings()
    return _merged(settings, options.settings)


def _state(guest: Guest, servers: dict[str, dict[str, Any]]) -> dict[str, object]:
    # Trust is asked for each repository's root; trust of a folder above it does not count. Whether
    # a CLAUDE.md may import files from outside its repository is a question too: the machine holds
    # nothing that an agent could not read anyway.
    folder: dict[str, object] = {
        "hasTrustDialogAccepted": True,
        "hasClaudeMdExternalIncludesApproved": Default(guest.autonomy != "ask"),
        "hasClaudeMdExternalIncludesWarningShown": Default(True),
    }
    state: dict[str, object] = {
        "hasCompletedOnboarding": True,
        "hasSeenAutoDefaultNudge": True,
        "projects": dict.fromkeys(guest.workspaces, folder),
    }
    return {**state, "mcpServers": servers} if servers else state


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return both, where they differ `above`; objects are merged deeply."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merged(old, value)
        else:
            merged[key] = value
    return merged
