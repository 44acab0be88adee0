"""`provision --host`: the verb on hosts that nopal did not make."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from getpass import getpass
from typing import TYPE_CHECKING

from invoke import Exit

if TYPE_CHECKING:
    from provision.engine import Outcome
    from provision.select import Selection
    from provision.transport.target import Target

    from ..workspace import Workspace


@dataclass(frozen=True)
class HostsWanted:
    """What was typed about the hosts."""

    hosts: Sequence[str]
    profiles: str
    selection: Selection
    ask_sudo: bool


def provision_hosts(
    workspace: Workspace, wanted: HostsWanted, *, keep_going: bool, check: bool, as_json: bool
) -> None:
    """Converge all hosts, several at once, and sum up.

    Raises:
        SomeFailed: one of several failed. A single host's error is raised as it is.
        Exit: 2, with `check`, when something would change.
    """
    from ..hosts import Host, label, targets, wish_for  # noqa: PLC0415
    from ..json_report import JsonReport  # noqa: PLC0415
    from ..many import for_each  # noqa: PLC0415
    from ..report import one_line_summary  # noqa: PLC0415

    hosts = targets(wanted.hosts)
    wish = wish_for(workspace, hosts, wanted.profiles, wanted.selection)
    password = ask_password(hosts) if wanted.ask_sudo else ""
    outcomes: dict[Target, Outcome] = {}

    def work(target: Target) -> None:
        name = str(target)
        listener = JsonReport(name, sys.stdout) if as_json else None
        with workspace.reporter(name, listener, log_name=f"hosts/{label(target)}") as reporter:
            host = Host(target, workspace, reporter, password)
            outcome = host.converge(wish, keep_going=keep_going, dry=check)
            reporter.say(one_line_summary(outcome))
            outcomes[target] = outcome
            if not check:
                outcome.raise_for_failure()

    try:
        for_each(hosts, str, work)
    finally:
        if len(hosts) > 1:
            done = sum(outcome.is_converged for outcome in outcomes.values())
            workspace.screen.line(
                f"{len(hosts)} hosts: {done} as declared, {len(hosts) - done} not"
            )
    if check and not all(outcome.is_converged for outcome in outcomes.values()):
        raise Exit(code=2)


def ask_password(hosts: Sequence[Target]) -> str:
    """Ask on the terminal for the one password that sudo wants on the hosts."""
    if not sys.stdin.isatty():
        raise Exit("--ask-sudo asks on a terminal, and this is none", 2)
    whose = str(hosts[0]) if len(hosts) == 1 else f"all {len(hosts)} hosts"
    return getpass(f"password for sudo on {whose}: ")
