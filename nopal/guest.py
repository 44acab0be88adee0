"""`connect`: a repo's own tasks in its machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric import Connection


@contextmanager
def connect(project: str = "") -> Iterator[Connection]:
    """Yield a Fabric connection to the project's running machine, the keys it may use at hand.

    `project` is the project's name; empty means the one of the repo you stand in.

    Raises:
        MachineError: there is no such machine, or it does not run.
        ConvergeError: it could not be reached.
    """
    from .renew_keys import renew  # noqa: PLC0415
    from .tasks.verb import explained  # noqa: PLC0415
    from .workspace import Workspace  # noqa: PLC0415

    workspace = Workspace.open()
    with explained():
        found = workspace.project(project)
        with workspace.reporter(found.name) as reporter:
            renew(workspace, found, reporter.say)
            machine = workspace.machine(found.name, reporter)
            _state, transport = machine.reach()
    try:
        yield transport.connection
    finally:
        transport.close()
