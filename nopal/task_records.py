"""What is known here of each headless task: a folder with a record, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from .machine_errors import MachineError
from .state import StateUnreadable, write_json

State = Literal[
    "held", "queued", "running", "interrupted", "done", "failed", "waiting", "cancelled"
]
OPEN: frozenset[State] = frozenset({"queued", "running"})
"""Those of which the machine may know more by now."""
RESULT = "result"
"""The folder beside the record that holds what came out of the machine."""


class TaskRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One task."""

    number: int
    project: str
    agent: str
    """The profile that describes it."""
    prompt: str
    repo: str
    branch: str
    timeout_s: int
    turns: int
    created: int
    """In seconds since 1970."""
    state: State = "held"
    said: str = ""
    """Why it is in that state, or what the agent said last; a guest may have written it."""

    @property
    def session(self) -> str:
        """The tmux session that it runs in."""
        return f"task-{self.number}"


@dataclass(eq=False)
class NoSuchTask(MachineError):
    """No task has that number."""

    number: str
    exit_status = 2

    def __str__(self) -> str:
        return f"there is no task {self.number!a}; see: inv tasks"


@dataclass(frozen=True)
class TaskRecords:
    """All of them, below one folder."""

    folder: Path
    clock: Callable[[], float] = time.time

    def new(
        self,
        *,
        project: str,
        agent: str,
        prompt: str,
        repo: str,
        branch: str,
        timeout_s: int,
        turns: int,
    ) -> TaskRecord:
        """Note a task under the next number; without a `branch` it gets one of its own."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = max(self._numbers(), default=0) + 1
        while True:
            try:
                (self.folder / str(number)).mkdir(mode=0o700)
                break
            except FileExistsError:  # another command took it meanwhile
                number += 1
        record = TaskRecord(
            number=number,
            project=project,
            agent=agent,
            prompt=prompt,
            repo=repo,
            branch=branch or f"nopal/task-{number}",
            timeout_s=timeout_s,
            turns=turns,
            created=int(self.clock()),
        )
        self.write(record)
        return record

    def write(self, record: TaskRecord) -> None:
        """Replace what is known of a task."""
        write_json(self.place(record) / "task.json", record)

    def read(self, number: str) -> TaskRecord:
        """Return the task of that number. Raises NoSuchTask, StateUnreadable."""
        if not number.isascii() or not number.isdigit():
            raise NoSuchTask(number)
        path = self.folder / str(int(number)) / "task.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=TaskRecord)
        except FileNotFoundError:
            raise NoSuchTask(number) from None
        except msgspec.DecodeError as error:
            raise StateUnreadable(path, str(error)) from error

    def all(self) -> tuple[TaskRecord, ...]:
        """Return all of them, the first one first. Raises StateUnreadable."""
        numbers = sorted(self._numbers())
        there = [n for n in numbers if (self.folder / str(n) / "task.json").exists()]
        return tuple(self.read(str(number)) for number in there)

    def of_session(self, project: str, session: str) -> TaskRecord | None:
        """Return the task that ran, or runs, in a session of a project's machine, if any did."""
        found = (one for one in self.all() if (one.project, one.session) == (project, session))
        return next(found, None)

    def place(self, record: TaskRecord) -> Path:
        """Return the folder of a task."""
        return self.folder / str(record.number)

    def _numbers(self) -> list[int]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return [int(each.name) for each in found if each.name.isascii() and each.name.isdigit()]
