"""How agents that have hooks tell their state: to the tmux pane in which they run.

The hooks and what they call belong to root and stand where an agent's own settings, and a repo's,
can neither change nor add to them. That keeps an agent from switching them off by an edit of its
settings; it has sudo, so it is no wall. Claude Code and Codex take the same events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from provision import File, Step

from .data import read_data

_FOLDER = "/usr/local/lib/nopal"

# By event, the tools that it is asked for; none: all of them. The two ask by themselves, however
# much the agent may do without asking.
_CLAUDE = {
    "SessionStart": "",
    "UserPromptSubmit": "",
    "PreToolUse": "AskUserQuestion|ExitPlanMode",
    "PermissionRequest": "",
    "PostToolUse": "",
    "Stop": "",
    "StopFailure": "",
}
_CODEX = ("SessionStart", "UserPromptSubmit", "PermissionRequest", "PostToolUse", "Stop")
_TIMEOUT_S = 10
"""Of each call, for which the agent waits; it takes some hundredths of a second."""


def claude_hooks() -> Iterator[Step]:
    """Make Claude Code tell its state."""
    program, step = _program("claude")
    yield step
    hooks = {
        event: [{**({"matcher": tools} if tools else {}), "hooks": [_hook(program, event)]}]
        for event, tools in _CLAUDE.items()
    }
    text = json.dumps({"hooks": hooks}, indent=2) + "\n"
    yield File("/etc/claude-code/managed-settings.d/50-nopal.json", text)


def codex_hooks() -> Iterator[Step]:
    """Make Codex tell its state."""
    program, step = _program("codex")
    yield step
    text = f'# Written by nopal.\n[hooks]\nmanaged_dir = "{_FOLDER}"\n'
    for event in _CODEX:
        text += f"\n[[hooks.{event}]]\n[[hooks.{event}.hooks]]\n"
        hook = _hook(program, event)
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in hook.items())
    yield File("/etc/codex/requirements.toml", text)


def _program(agent: str) -> tuple[str, Step]:
    """Return what the hooks of `agent` call: each has a copy, so that each profile is whole."""
    path = f"{_FOLDER}/{agent}-state"
    return path, File(path, read_data("agent-state.sh"), mode="0755")


def _hook(program: str, event: str) -> dict[str, str | int]:
    return {"type": "command", "command": f"{program} {event}", "timeout": _TIMEOUT_S}
