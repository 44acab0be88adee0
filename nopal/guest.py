"""`connect`: a repo's own tasks in its machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fabric import Connection


@contextmanager
def connect(project: str = "") -> Iterator[Connection]:
    """Yield a Fabric connection to the project's running machine, the host's agent forwarded.

    `project` is the project's name; empty means the one of the repo you stand in.

    Raises:
        MachineError: there is no such machine, or it does not run.
        ConvergeError: it could not be reached.
    """
    from .tasks.verb import explained  # noqa: PLC0415
    from .workspace import Workspace  # noqa: PLC0415

    workspace = Workspace.open()
    with explained():
        name = workspace.project(project).name
        with workspace.reporter(name) as reporter:
            machine = workspace.machine(name, reporter, workspace.agent_path())
            _state, transport = machine.reach()
    try:
        yield transport.connection
    finally:
        transport.close()
