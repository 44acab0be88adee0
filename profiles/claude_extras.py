"""What a person may add to Claude Code: plugins, MCP servers, its own sandbox, a status line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provision import Apt, Check, Command, File, Step
from provision.shell import quote
from provision.steps.json_merge import Default

from .data import read_data
from .guest import Guest

_STATUS = "/usr/local/lib/nopal/claude-status"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_SOURCE = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*|https://[\w.:/~-]+"
_PLUGIN = re.compile(rf"({_NAME})@({_NAME}|{_SOURCE})")
_SERVER = re.compile(_NAME)


def status_line() -> tuple[Step, dict[str, object]]:
    """Return the program of the status line, and the setting that names it."""
    step = File(_STATUS, read_data("claude-status.sh"), mode="0755")
    return step, {"statusLine": Default({"type": "command", "command": _STATUS})}


def check_plugins(plugins: Sequence[str]) -> None:
    """Refuse what names no plugin. Raises ValueError."""
    for plugin in plugins:
        if not _PLUGIN.fullmatch(plugin):
            message = f"`{plugin}` is no PLUGIN@MARKETPLACE, PLUGIN@OWNER/REPO or PLUGIN@https://…"
            raise ValueError(message)


def install_plugins(plugins: Sequence[str]) -> Iterator[Step]:
    """Install plugins as the login user: Claude's own command knows what one consists of."""
    for plugin in plugins:
        name, _, source = plugin.partition("@")
        words, known = f"{name} --marketplace {quote(source)}", f"startswith({_json(name + '@')})"
        if "/" not in source:  # a marketplace that Claude knows by itself
            words, known = plugin, f". == {_json(plugin)}"
        there = f"jq -e '.plugins | keys | any({known})' ~/.claude/plugins/installed_plugins.json"
        yield Command(
            f"claude plugin install {words} --yes </dev/null",
            unless=there,
            name=f"plugin {plugin}",
            run_as="login",
        )


def _json(text: str) -> str:
    return f'"{text}"'  # names hold nothing that JSON or a shell would read


def check_servers(servers: Mapping[str, object]) -> None:
    """Refuse MCP servers that Claude could not start or reach. Raises ValueError."""
    for name, server in servers.items():
        if not _SERVER.fullmatch(name):
            message = f"`{name}` cannot name an MCP server"
            raise ValueError(message)
        if not isinstance(server, dict) or not {"command", "url"} & server.keys():
            message = f"the MCP server {name} has neither `command` nor `url`"
            raise ValueError(message)


def sandbox_packages(guest: Guest) -> Iterator[Step]:
    """Install what Claude's sandbox is made of, and see that it can be used."""
    yield Apt("bubblewrap")
    yield Apt("socat")
    if guest.distribution == "ubuntu":
        # Ubuntu lets no program make a user namespace that AppArmor does not name.
        path = "/etc/apparmor.d/nopal-bwrap"
        profile = """\
abi <abi/4.0>,
include <tunables/global>

profile nopal-bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,
}
"""
        yield File(path, profile, then=f"apparmor_parser -r {path}")
    yield Check("bwrap --unshare-user --unshare-net --ro-bind / / true")


def sandbox_settings() -> dict[str, Any]:
    """Return the settings of a sandbox that commands neither lack nor leave.

    By default Claude runs them without one where it cannot be had, and lets its model ask for a
    command outside of it, to which nobody has to say yes in `full`.
    """
    return {
        "sandbox": {"enabled": True, "failIfUnavailable": True, "allowUnsandboxedCommands": False}
    }
