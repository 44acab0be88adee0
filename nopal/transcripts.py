"""Conversations of agents, brought from a machine to this computer and searched there.

Which files are brought is chosen in the machine; what comes is hostile and read as `cp` reads it:
plain files and folders below one folder, no more than some bytes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from provision.errors import ConvergeError
from provision.shell import join

from .copying.ends import Copy, End
from .copying.receive import room_in
from .copying.run import bring
from .copying.tally import Tally
from .machine_errors import MachineError
from .screen import printable
from .ssh_command import ssh_command
from .state import StateError

if TYPE_CHECKING:
    from .workspace import Workspace

LARGEST_KIB = 32 << 10
"""Of one file."""
MOST_BYTES = 512 << 20
"""Of what is kept of one machine."""
_WITHIN_S = 120
_AROUND = 70


def pack_script(folders: Iterable[str]) -> str:
    """Return shell that packs the conversations below `folders`, each from `~/`."""
    roots = [PurePosixPath(folder.removeprefix("~/")) for folder in folders]
    above = {f"./{one}": None for root in roots for one in reversed(root.parents) if one.name}
    # Some agents keep their login beside their conversations. Claude Code's folders begin with a
    # dash, which no name does that comes out of a machine.
    return rf"""
cd || exit 1
{{
  printf '.\0'
  for folder in {join(list(above))}; do
    [ ! -d "$folder" ] || printf '%s\0' "$folder"
  done
  for folder in {join([f"./{root}" for root in roots])}; do
    [ ! -d "$folder" ] || find "$folder" \( -type d -o -type f -size -{LARGEST_KIB}k \
      \( -name '*.jsonl' -o -name '*.json' -o -name '*.md' \) \
      ! -iname '*auth*' ! -iname '*cred*' ! -iname '*token*' \) -print0
  done
}} | tar --create --file=- --format=gnu --hard-dereference --no-recursion \
  --transform='s,/-,/,g' --null --files-from=-
"""


def bring_home(command: Sequence[str], machine: str, folder: Path) -> Tally:
    """Bring what `command`, which runs `pack_script`, sends to the folder `machine` of `folder`.

    What is there already is replaced by what has the same name, and stays otherwise.

    Raises MachineError: it could not be done, or would be too much.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copies = folder / machine
    kept = sum(one.size for one in files(copies))
    tally = Tally()

    def room(place: Path) -> int:
        # Files that come again take the place of others: twice the bytes are there for a moment.
        return min(room_in(place), 2 * MOST_BYTES - kept - tally.size, MOST_BYTES - tally.size)

    copy = Copy(End(f"~/{machine}", machine), End(str(folder)))
    try:
        bring(command, machine, copy, tally, room=room, within_s=_WITHIN_S)
    finally:
        if copies.is_dir() and _holds_only_folders(copies):
            shutil.rmtree(copies)
    return tally


def keep(workspace: Workspace, machine: str, tell: Callable[[str], None]) -> None:
    """Bring home what a running machine holds of conversations and tasks, as far as it answers."""
    from .agent_list import Watcher, describer  # noqa: PLC0415
    from .task_queue import TaskQueue  # noqa: PLC0415

    address = Watcher.of(workspace).find(machine)
    if address is None:
        return
    describe = describer(workspace.catalogue)
    agents = filter(None, map(describe, workspace.catalogue))
    script = pack_script(sorted({one.transcripts for one in agents if one.transcripts}))
    folder = workspace.paths.home / "transcripts"
    try:
        tally = bring_home(ssh_command(address, script=script), machine, folder)
        if tally.files:
            tell(f"conversations of agents are kept: {tally.summary}; see: inv transcripts")
        TaskQueue(workspace).look(machine)
    except (MachineError, ConvergeError, StateError, OSError) as error:
        tell(f"conversations of agents were not all kept: {str(error).splitlines()[0]}")


@dataclass(frozen=True)
class Conversation:
    """One file."""

    path: Path
    size: int
    changed: float


def files(folder: Path) -> tuple[Conversation, ...]:
    """Return the files below a folder, the one changed last at the end; links are left out."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            found.append(Conversation(path, status.st_size, status.st_mtime))
    return tuple(sorted(found, key=lambda one: (one.changed, one.path)))


def _holds_only_folders(folder: Path) -> bool:
    return all(path.is_dir() and not path.is_symlink() for path in folder.rglob("*"))


def search(conversations: Iterable[Conversation], text: str) -> Iterator[tuple[Path, int, str]]:
    """Yield file, line and surroundings of each line that holds `text`, in whatever letters."""
    wanted = re.compile(re.escape(text), re.IGNORECASE)
    for one in conversations:
        with one.path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if found := wanted.search(line):
                    start, end = max(0, found.start() - _AROUND), found.end() + _AROUND
                    yield one.path, number, printable(line[start:end].strip())
