"""Which machines have a login, or shall have it, and how a change reaches those that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .errors import ProjectError
from .machine_errors import MachineError

if TYPE_CHECKING:
    from .logins import Kept
    from .project import Project
    from .project_secrets import ProjectSecrets
    from .workspace import Workspace


def projects(workspace: Workspace) -> tuple[Project, ...]:
    """Return the person's projects that can be read, by name."""
    return tuple(_readable(workspace, project_names_of(workspace)))


def project_names_of(workspace: Workspace) -> list[str]:
    """Return the names of all projects and machines."""
    from .load import project_names  # noqa: PLC0415

    return sorted({*project_names(workspace.paths), *workspace.states.names()})


def chosen_by(workspace: Workspace, kept: Kept) -> tuple[Project, ...]:
    """Return the projects whose `agents` name this login."""
    every = projects(workspace)
    return tuple(one for one in every if one.agents.get(kept.agent) == kept.name)


def give(workspace: Workspace, chosen: tuple[Project, ...]) -> tuple[str, ...]:
    """Bring the machines of `chosen` that run what they lack; return their names.

    Raises:
        SomeFailed: some could not be given it.
    """
    return _each(workspace, chosen, lambda ours: ours.settle())


def take(workspace: Workspace, label: str) -> tuple[str, ...]:
    """Take a login out of the memory of all machines that run; return their names.

    Raises:
        SomeFailed: some still have it.
    """
    from .secret_notes import SecretNotes  # noqa: PLC0415

    notes = SecretNotes(workspace.states.secrets)
    having = [
        name
        for name in workspace.states.names()
        if (note := notes.read(name)) and any(one.label == label for one in note.logins)
    ]
    found = tuple(_readable(workspace, having))
    lost = set(having) - {one.name for one in found}
    if lost:
        raise NoProjectToTake(label, tuple(sorted(lost)))
    return _each(workspace, found, lambda ours: ours.forget_login(label))


class NoProjectToTake(MachineError):
    """Machines that have a login, and whose project's files cannot be read any more."""

    def __init__(self, label: str, machines: tuple[str, ...]) -> None:
        super().__init__(label, machines)
        self.label = label
        self.machines = machines

    def __str__(self) -> str:
        names = ", ".join(self.machines)
        return (
            f"the login {self.label} may still be in the memory of {names},"
            " whose project cannot be read\n"
            f"  stop them, which empties it: inv down -p {','.join(self.machines)}"
        )


def _readable(workspace: Workspace, names: list[str]) -> Iterator[Project]:
    for name in names:
        try:
            yield workspace.project(name)
        except ProjectError:
            continue


def _each(
    workspace: Workspace, chosen: tuple[Project, ...], work: Callable[[ProjectSecrets], None]
) -> tuple[str, ...]:
    from .agent_list import Watcher  # noqa: PLC0415

    find = Watcher.of(workspace).find
    running = tuple(one for one in chosen if find(one.name) is not None)

    def one(project: Project) -> None:
        with workspace.reporter(project.name) as reporter:
            work(workspace.secrets(project, workspace.machine(project.name, reporter)))

    from .many import for_each  # noqa: PLC0415

    for_each(running, lambda project: project.name, one)
    return tuple(one.name for one in running)
