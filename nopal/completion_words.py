"""What a word of the command line could be, beyond verbs and flags: projects, profiles, sessions.

Looked up while a person waits for Tab: from files, and over a connection that is open already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .workspace import Workspace

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+/-]*:?")
_ANSWERS_WITHIN_S = 2
_CHECKPOINT_VERBS = ("rewind", "checkpoint")
_KINDS = {
    "project": "projects",
    "only": "profiles",
    "profile": "profiles",
    "profiles": "profiles",
    "agent": "agents",
    "session": "sessions",
    "delete": "checkpoints",
    "topic": "topics",
    "source": "machines",
    "dest": "machines",
    "shell": "shells",
}
SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Wanted:
    """A value that is being typed."""

    verb: str
    argument: str
    current: str
    """As far as it is typed, with what must stand before each candidate."""
    project: str = ""
    """What was given by `-p` before."""

    @property
    def kind(self) -> str:
        """What it names; "" for what only the person knows."""
        if self.argument == "name":
            return "checkpoints" if self.verb in _CHECKPOINT_VERBS else "sessions"
        return _KINDS.get(self.argument, "")


def candidates(wanted: Wanted, found: Mapping[str, Callable[[], Iterable[str]]]) -> list[str]:
    """Return what the value may be, in order, with what is typed before it in the same word.

    Only plain names: a shell shall find nothing in them that it would expand.
    """
    look_up = found.get(wanted.kind)
    if look_up is None:
        return []
    # `-p a,b` and `--project=a`: the last part is what is being typed.
    typed = re.match(r"(--[a-z-]+=)?(.*,)?", wanted.current)
    before = typed[0] if typed else ""
    return [before + name for name in sorted(set(look_up())) if _PLAIN.fullmatch(name)]


def look_ups(workspace: Workspace, project: str) -> Mapping[str, Callable[[], Iterable[str]]]:
    """Return what finds the names of each kind."""
    return {
        "projects": lambda: _projects(workspace),
        "machines": lambda: [f"{name}:" for name in _projects(workspace)],
        "profiles": lambda: workspace.catalogue,
        "agents": lambda: _agents(workspace),
        "sessions": lambda: _sessions(workspace, _name(workspace, project)),
        "checkpoints": lambda: _checkpoints(workspace, _name(workspace, project)),
        "topics": _topics,
        "shells": lambda: SHELLS,
    }


def _projects(workspace: Workspace) -> Iterable[str]:
    from .load import project_names  # noqa: PLC0415

    return {*project_names(workspace.paths), *workspace.states.names()}


def _agents(workspace: Workspace) -> Iterable[str]:
    return (name for name, profile in workspace.catalogue.items() if profile.agent is not None)


def _name(workspace: Workspace, project: str) -> str:
    return project or workspace.project().name


def _checkpoints(workspace: Workspace, name: str) -> Iterable[str]:
    from .checkpoint_notes import NoteStore  # noqa: PLC0415

    notes = NoteStore(workspace.states.checkpoints).read(name).notes
    return (note.name for note in notes)


def _sessions(workspace: Workspace, name: str) -> Sequence[str]:
    from provision.transport.openssh import OpenSshTransport, is_master_alive  # noqa: PLC0415

    from .sessions import TMUX  # noqa: PLC0415
    from .way_in import WayIn  # noqa: PLC0415

    way = WayIn(name, lambda: workspace.driver, workspace.states, workspace.pins)
    address = way.quick_address()
    if address is None or not is_master_alive(address.control_path):
        return []
    lines: list[str] = []
    transport = OpenSshTransport(address, answers_within_s=_ANSWERS_WITHIN_S)
    transport.run(f"{TMUX} list-sessions -F '#{{session_name}}'", lines.append)
    return lines


def _topics() -> Iterable[str]:
    from .manual import manual, topics  # noqa: PLC0415

    return (topic.name for topic in topics(manual()))
