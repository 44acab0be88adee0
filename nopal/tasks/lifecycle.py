"""`up`, `down`, `restart`, `destroy`, `provision`, `plan`: a machine's life."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import NO_WAIT, PROJECT, PROJECTS, verb

if TYPE_CHECKING:
    from provision.select import Selection

    from ..json_report import JsonReport
    from ..machine import Machine
    from ..notify import Notifier
    from ..preflight import Prepared
    from ..workspace import Workspace

_ALL = "every machine there is"
_YES = "install what this computer lacks, without asking"
_KEEP_GOING = "go on with the other steps when one fails"
_SELECTION = {
    "only": "just the steps of this profile",
    "tags": "just the steps with one of these tags: a,b",
    "limit": "just the step of this id, such as apt:curl; may be given more than once",
    "json": "what happens as JSON on stdout, one object a line",
}


@verb(
    iterable=["project"],
    help={
        "project": PROJECTS,
        "all": "every project of your own file",
        "yes": _YES,
        "keep-going": _KEEP_GOING,
        "restart": "boot it anew where the project asks for what only a boot brings",
        "golden": "begin a new machine from a golden one, made on the way where there is none",
        "no-wait": NO_WAIT,
    },
)
def up(
    c: Context,
    project: list[str] | None = None,
    all: bool = False,
    yes: bool = False,
    keep_going: bool = False,
    golden: bool = True,
    restart: bool = False,
    no_wait: bool = False,
) -> None:
    """Make, start and converge the machine; nothing to do costs one look."""
    from ..preflight import prepare_all  # noqa: PLC0415

    workspace = open_workspace(c, waits=not no_wait)
    prepared = prepare_all(workspace, workspace.projects(project or (), everything=all))
    _bring_up(
        workspace,
        prepared,
        may_install=yes,
        keep_going=keep_going,
        golden=golden,
        restart=restart,
    )


@verb(
    name="down",
    aliases=["stop"],
    iterable=["project"],
    help={
        "project": PROJECTS,
        "all": _ALL,
        "force": "end it at once, as if its power were cut",
        "no-wait": NO_WAIT,
    },
)
def down(
    c: Context,
    project: list[str] | None = None,
    all: bool = False,
    force: bool = False,
    no_wait: bool = False,
) -> None:
    """Stop the machine; its disk stays."""
    from ..transcripts import keep  # noqa: PLC0415

    workspace = open_workspace(c, waits=not no_wait)

    def stop(machine: Machine) -> None:
        if not force:
            keep(workspace, machine.name, machine.reporter.say)
        was_running = machine.down(force=force)
        workspace.keys.take_away(machine.name)
        machine.reporter.say("stopped" if was_running else "was not running")

    workspace.for_each_machine(workspace.names(project or (), everything=all), stop)
    keep_keys_of_running(workspace)


@verb(
    iterable=["project"],
    help={"project": PROJECTS, "all": _ALL, "yes": _YES, "no-wait": NO_WAIT},
)
def restart(
    c: Context,
    project: list[str] | None = None,
    all: bool = False,
    yes: bool = False,
    no_wait: bool = False,
) -> None:
    """Stop the machine and bring it up again."""
    from ..preflight import prepare_all  # noqa: PLC0415

    workspace = open_workspace(c, waits=not no_wait)
    names = workspace.names(project or (), everything=all)
    # Whatever is wrong shows before anything stops.
    prepared = prepare_all(workspace, [workspace.project(name) for name in names])
    workspace.for_each_machine(names, lambda machine: machine.down())
    _bring_up(workspace, prepared, may_install=yes)


@verb(
    iterable=["project"],
    help={"project": PROJECTS, "all": _ALL, "yes": "do not ask", "no-wait": NO_WAIT},
)
def destroy(
    c: Context,
    project: list[str] | None = None,
    all: bool = False,
    yes: bool = False,
    no_wait: bool = False,
) -> None:
    """End the machine and its disk; asks, and names the work that would be lost."""
    from ..transcripts import keep  # noqa: PLC0415

    workspace = open_workspace(c, waits=not no_wait)
    names = workspace.names(project or (), everything=all)
    if not yes:
        _ask_to_destroy(workspace, names)

    def end(machine: Machine) -> None:
        keep(workspace, machine.name, machine.reporter.say)
        workspace.keys.take_away(machine.name)
        existed = machine.destroy()
        machine.reporter.forget_log()
        machine.reporter.tell("destroyed" if existed else "there was no machine")

    workspace.for_each_machine(names, end)
    keep_keys_of_running(workspace)


@verb(
    iterable=["limit", "host"],
    help={
        "project": PROJECT,
        **_SELECTION,
        "keep-going": _KEEP_GOING,
        "check": "change nothing; exit 2 when something would change",
        "host": "in place of a machine: USER@SERVER[:PORT], as ssh knows it, or localhost; a,b",
        "profiles": "what the hosts shall have: docker,node",
        "ask-sudo": "ask once for the password that sudo wants on the hosts",
        "no-wait": NO_WAIT,
    },
)
def provision(
    c: Context,
    project: str = "",
    host: list[str] | None = None,
    profiles: str = "",
    ask_sudo: bool = False,
    only: str = "",
    tags: str = "",
    limit: list[str] | None = None,
    keep_going: bool = False,
    check: bool = False,
    json: bool = False,
    no_wait: bool = False,
) -> None:
    """Converge the running machine, or any host, and do nothing else."""
    from ..report import one_line_summary  # noqa: PLC0415

    selection = _selection(only, tags, limit)
    workspace = open_workspace(c, waits=not no_wait)
    if host:
        if project:
            raise Exit("give --project or --host, not both", 2)
        from .on_hosts import HostsWanted, provision_hosts  # noqa: PLC0415

        wanted = HostsWanted(host, profiles, selection, ask_sudo=ask_sudo)
        provision_hosts(workspace, wanted, keep_going=keep_going, check=check, as_json=json)
        return
    if profiles or ask_sudo:
        raise Exit("--profiles and --ask-sudo belong to --host; a project names its profiles", 2)
    item = _prepared(workspace, project, selection)
    with (
        workspace.reporter(item.name, _listener(item.name, json)) as reporter,
        workspace.machine_of(item, reporter) as machine,
    ):
        outcome = (
            machine.look(item.wish)
            if check
            else machine.converge(
                item.wish, is_whole=selection.is_everything, keep_going=keep_going
            )
        )
        reporter.say(one_line_summary(outcome))
    if check and not outcome.is_converged:
        raise Exit(code=2)


@verb(iterable=["limit"], help={"project": PROJECT, **_SELECTION})
def plan(
    c: Context,
    project: str = "",
    only: str = "",
    tags: str = "",
    limit: list[str] | None = None,
    json: bool = False,
) -> None:
    """Say what `up` would do; exit 2 when something would change."""
    workspace = open_workspace(c)
    item = _prepared(workspace, project, _selection(only, tags, limit))
    from ..screen import printable  # noqa: PLC0415

    listener = _listener(item.name, json)
    with workspace.reporter(item.name, listener) as reporter:
        changes = workspace.machine(item.name, reporter).plan(item.wish)
    if listener is not None:
        listener.plan(changes)
    else:
        for line in changes:
            sys.stdout.write(f"{printable(line)}\n")
    if changes:
        raise Exit(code=2)


def keep_keys_of_running(workspace: Workspace) -> None:
    """Take the keys of machines away that stopped in other ways: the broker ends with the last."""
    if workspace.keys.names():
        running = (one.name for one in workspace.driver.list() if one.is_running)
        workspace.keys.keep_only(running, workspace.states.is_in_use)


def _bring_up(
    workspace: Workspace,
    prepared: Sequence[Prepared],
    *,
    may_install: bool,
    keep_going: bool = False,
    golden: bool = True,
    restart: bool = False,
) -> None:
    from ..bake import golden_on_demand  # noqa: PLC0415
    from ..host_setup import HostSetup  # noqa: PLC0415
    from ..many import for_each  # noqa: PLC0415
    from ..notify import Notifier  # noqa: PLC0415
    from ..report import one_line_summary  # noqa: PLC0415

    notifier = Notifier(workspace.environ)
    images = [item.wish.spec.image for item in prepared]
    make_host_ready = HostSetup(workspace, images, may_install=may_install)

    def bring_up(item: Prepared) -> None:
        with workspace.reporter(item.name) as reporter:
            for note in item.notes:
                reporter.say(note)
            with workspace.machine_of(item, reporter) as machine:
                on_demand = golden_on_demand(workspace, item.project, reporter)
                outcome = machine.up(
                    item.wish,
                    prepare=make_host_ready,
                    golden=on_demand if golden else lambda: None,
                    keep_going=keep_going,
                    restart=restart,
                )
                reporter.say(f"up: {one_line_summary(outcome)}")
                workspace.give_secrets(item.project, machine)

    try:
        for_each(prepared, lambda item: item.name, bring_up)
    except Exception as error:
        _notify(notifier, prepared, str(error).partition("\n")[0])
        raise
    _notify(notifier, prepared, "up")


def _notify(notifier: Notifier, prepared: Sequence[Prepared], text: str) -> None:
    """Tell those who asked for it, once, by whatever is told of their machines."""
    names = [item.name for item in prepared if item.project.notify]
    if names:
        notifier.ended(f"nopal: {', '.join(names)}", text)


def _selection(only: str, tags: str, limit: Sequence[str] | None) -> Selection:
    from provision.select import Selection  # noqa: PLC0415

    from ..workspace import split_names  # noqa: PLC0415

    return Selection(only, tuple(split_names([tags])), tuple(limit or ()))


def _prepared(workspace: Workspace, project: str, selection: Selection) -> Prepared:
    """Return the checked project, its wish being only what is selected."""
    from ..preflight import prepare_all  # noqa: PLC0415

    (item,) = prepare_all(workspace, [workspace.project(project)])
    return replace(item, wish=item.wish.chosen(selection))


def _listener(name: str, as_json: bool) -> JsonReport | None:
    from ..json_report import JsonReport  # noqa: PLC0415

    return JsonReport(name, sys.stdout) if as_json else None


def _ask_to_destroy(workspace: Workspace, names: Sequence[str]) -> None:
    """Tell what would be lost and go on only with a yes."""
    from ..host_setup import confirm  # noqa: PLC0415

    existing = []
    for name in names:
        with workspace.reporter(name) as reporter:
            machine = workspace.machine(name, reporter)
            if not machine.exists():
                continue
            existing.append(name)
            lost = machine.what_would_be_lost()
            if lost is None:
                reporter.say("cannot be asked what work it holds: it does not answer")
            elif not lost:
                reporter.say("holds no work that is nowhere else")
            for work in lost or ():
                reporter.say(f"would lose {work}")
    if not existing:
        return
    if not sys.stdin.isatty():
        flags = " ".join(f"-p {name}" for name in existing)
        raise Exit(f"not destroyed; to do it without being asked: inv destroy --yes {flags}", 1)
    if not confirm(f"destroy {', '.join(existing)}?"):
        raise Exit("not destroyed", 1)
