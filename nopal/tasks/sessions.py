"""`ps` and `wait`: what the agents in their sessions are up to."""

from __future__ import annotations

import json as json_text
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..agent_changes import Change
    from ..agent_list import Seen, Watcher
    from ..workspace import Workspace

_EVERY_S = 2
_CLEAR = "\x1b[H\x1b[2J"


@verb(
    iterable=["project"],
    help={
        "project": "just this project's machine; may be given more than once or with commas",
        "watch": "go on showing them, until Ctrl-C",
        "notify": "with --watch: the desktop tells when one waits for you or works no more",
        "json": "print JSON: one list, or with --watch one line for each change",
    },
)
def ps(
    c: Context,
    project: list[str] | None = None,
    watch: bool = False,
    notify: bool = False,
    json: bool = False,
) -> None:
    """List the agents' sessions of all machines that run, and what each is up to."""
    from ..agent_list import Watcher, as_data, as_text  # noqa: PLC0415

    if notify and not watch:
        raise Exit("--notify tells of changes: it needs --watch", 2)
    workspace = open_workspace(c)
    watcher = Watcher.of(workspace)
    names = workspace.names(project) if project else workspace.states.names()
    if watch:
        with suppress(KeyboardInterrupt):  # the way to end it
            _watch(watcher, names, as_json=json, tell=_desktop(workspace) if notify else None)
        return
    seen = watcher.see_all(names)
    sys.stdout.write((json_text.dumps(as_data(seen), indent=2) if json else as_text(seen)) + "\n")
    if _tell_failures(seen):
        raise Exit(code=1)


def _desktop(workspace: Workspace) -> Callable[[Change], None]:
    import platform  # noqa: PLC0415

    from guard.command import run_command  # noqa: PLC0415

    from ..notify import command  # noqa: PLC0415

    def tell(change: Change) -> None:
        # A computer without a desktop has no means to: that is no fault.
        session = change.session
        title, text = f"{change.machine}: {session.name} is {session.state}", session.detail
        run_command(command(platform.system(), title, text), workspace.environ, timeout_s=5.0)

    return tell


def _watch(
    watcher: Watcher,
    names: tuple[str, ...],
    *,
    as_json: bool,
    tell: Callable[[Change], None] | None = None,
) -> None:
    from ..agent_changes import changes, known  # noqa: PLC0415
    from ..agent_list import as_text  # noqa: PLC0415

    is_live = sys.stdout.isatty() and not as_json
    before: tuple[Seen, ...] = ()
    while True:
        asked = watcher.see_all(names)
        seen = known(before, asked)
        changed = changes(before, seen)
        if is_live:
            sys.stdout.write(_CLEAR + as_text(seen) + "\n")
            _tell_failures(asked)
        else:
            for change in changed:
                line = json_text.dumps(change.data) if as_json else str(change)
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
        for change in changed:
            if tell and change.wants_the_person:
                tell(change)
        before = seen
        time.sleep(_EVERY_S)


def _tell_failures(seen: tuple[Seen, ...]) -> bool:
    from ..screen import printable  # noqa: PLC0415

    failed = [one for one in seen if one.failure]
    for one in failed:
        sys.stderr.write(printable(f"{one.machine}: {one.failure.splitlines()[0]}") + "\n")
    return bool(failed)


@verb(
    positional=["session"],
    help={
        "session": "the session's name, as `inv ps` shows it",
        "project": PROJECT,
        "timeout": "wait no longer than this, such as 90s, 30m or 2h; then the status is 124",
    },
)
def wait(c: Context, session: str, project: str = "", timeout: str = "") -> None:
    """Wait until an agent stops working; the exit status says why it did.

    0 it is done, or idle for a minute; 1 it failed; 3 it waits for you; 4 it is gone; 124 the time
    is over.
    """
    from ..agent_list import Watcher  # noqa: PLC0415
    from ..agent_wait import (  # noqa: PLC0415
        STATUS,
        TIMED_OUT,
        NoSuchSession,
        Waiting,
        in_seconds,
        of_task,
    )
    from ..screen import printable  # noqa: PLC0415
    from ..task_queue import TaskQueue  # noqa: PLC0415

    limit = in_seconds(timeout)
    workspace = open_workspace(c)
    watcher = Watcher.of(workspace)
    (name,) = workspace.names([project] if project else [])
    try:
        found = Waiting(lambda: watcher.see(name)).until_it_stops(session, limit)
    except NoSuchSession:
        # What a task has done is brought home, and its session closed.
        record = TaskQueue(workspace).records.of_session(name, session)
        found = of_task(record) if record else None
        if found is None:
            raise
    if found is None:
        raise Exit(f"{name}: {session} still works", TIMED_OUT)
    detail = printable(found.detail)
    sys.stdout.write(f"{found.state}" + (f": {detail}" if detail else "") + "\n")
    raise Exit(code=STATUS[found.state])
