"""`update`: what has a moving version, brought to its newest."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from provision.transport.target import Target

    from ..update import Update
    from ..workspace import Workspace


@verb(
    iterable=["host"],
    help={
        "project": PROJECT,
        "only": "just what these profiles install, and `apt` for the Debian packages: claude,apt",
        "yes": "install what this computer lacks, without asking",
        "json": "what moved as JSON on stdout, one object a machine",
        "host": "in place of a machine: USER@SERVER[:PORT], as ssh knows it, or localhost; a,b",
        "profiles": "with --host: whose programs at `latest` are meant; without, apt alone",
        "ask-sudo": "ask once for the password that sudo wants on the hosts",
    },
)
def update(
    c: Context,
    project: str = "",
    only: str = "",
    yes: bool = False,
    json: bool = False,
    host: list[str] | None = None,
    profiles: str = "",
    ask_sudo: bool = False,
) -> None:
    """Bring Debian packages, and programs whose version is `latest`, to their newest.

    Brings the machine up first. A version that is pinned stays. One line on stdout for each thing
    that moved tells from what to what.
    """
    from ..workspace import split_names  # noqa: PLC0415

    workspace = open_workspace(c)
    names = split_names([only])
    if not host:
        if profiles or ask_sudo:
            message = "--profiles and --ask-sudo belong to --host; a project names its profiles"
            raise Exit(message, 2)
        _update_machine(workspace, project, names, may_install=yes, as_json=json)
        return
    if project:
        raise Exit("give --project or --host, not both", 2)
    _update_hosts(workspace, host, profiles, names, ask_sudo=ask_sudo, as_json=json)


def _update_machine(
    workspace: Workspace, project: str, only: Collection[str], *, may_install: bool, as_json: bool
) -> None:
    from ..host_setup import HostSetup  # noqa: PLC0415
    from ..preflight import prepare_all  # noqa: PLC0415
    from ..update import update_machine  # noqa: PLC0415

    (item,) = prepare_all(workspace, [workspace.project(project)])
    _check_names(only, item.wish.profiles)
    prepare = HostSetup(workspace, [item.wish.spec.image], may_install=may_install)
    with (
        workspace.reporter(item.name) as reporter,
        workspace.machine_of(item, reporter) as machine,
    ):
        done = update_machine(machine, item.wish, only=only, prepare=prepare)
    _tell(workspace, item.name, done, restart=f"inv restart -p {item.name}", as_json=as_json)
    done.outcome.raise_for_failure()


def _update_hosts(
    workspace: Workspace,
    typed: Sequence[str],
    profiles: str,
    only: Collection[str],
    *,
    ask_sudo: bool,
    as_json: bool,
) -> None:
    from provision.select import Selection  # noqa: PLC0415

    from ..hosts import Host, guest_at, label, targets, wish_for  # noqa: PLC0415
    from ..many import for_each  # noqa: PLC0415
    from ..update import update  # noqa: PLC0415
    from .on_hosts import ask_password  # noqa: PLC0415

    hosts = targets(typed)
    wish = wish_for(workspace, hosts, profiles, Selection()) if profiles else None
    _check_names(only, [profile.label for profile in wish.profiles] if wish else ())
    password = ask_password(hosts) if ask_sudo else ""

    def work(target: Target) -> None:
        name = str(target)
        with workspace.reporter(name, log_name=f"hosts/{label(target)}") as reporter:
            host = Host(target, workspace, reporter, password)
            with host.reached() as transport:
                steps = wish.steps(guest_at(transport, target)) if wish else ()
                done = update(
                    transport,
                    steps,
                    reporter,
                    only=only,
                    requires={each.label: each.requires for each in wish.profiles} if wish else {},
                    sudo_password=password,
                )
        prefix = f"{name}: " if len(hosts) > 1 else ""
        _tell(workspace, name, done, restart="reboot it", as_json=as_json, prefix=prefix)
        done.outcome.raise_for_failure()

    for_each(hosts, str, work)


def _check_names(only: Collection[str], profiles: Sequence[str]) -> None:
    """Refuse a name that would leave everything as it is."""
    from profiles.errors import UnknownProfile  # noqa: PLC0415

    from ..update import APT  # noqa: PLC0415

    for name in only:
        if name not in (APT, *profiles):
            raise UnknownProfile(name, (APT, *profiles))


def _tell(
    workspace: Workspace,
    name: str,
    done: Update,
    *,
    restart: str,
    as_json: bool,
    prefix: str = "",
) -> None:
    from ..screen import printable  # noqa: PLC0415

    if as_json:
        lines = [json_text.dumps(done.as_data(name))]
    else:
        lines = [printable(f"{prefix}{each}") for each in done.moved or ["nothing moved"]]
    # One write, since several hosts may end at once.
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if done.wants_restart:
        workspace.screen.line(f"{name}: wants a restart for what is new: {restart}")
