"""Headless tasks from the host's side: started, looked at, brought home, ended.

There is no daemon: a machine works by itself, and what came of it is brought here whenever somebody
looks. At most AT_ONCE tasks are in all machines together; more are held here until a look finds
that there is room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from provision.errors import ConvergeError

from .copying.ends import Copy, End
from .copying.receive import room_in
from .copying.run import bring
from .copying.tally import Tally
from .errors import ProjectError
from .machine_errors import MachineError
from .sessions import read_detached
from .ssh_command import ssh_command
from .standing import Standing
from .task_guest import (
    TRANSCRIPT,
    Commands,
    diff_script,
    end_script,
    look_script,
    out_folder,
    read_look,
    start_script,
)
from .task_records import OPEN, TaskRecord, TaskRecords
from .task_result import judge

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.agent import Agent
    from provision.transport.address import SshAddress

    from .task_guest import Fare
    from .workplace import Workplace
    from .workspace import Workspace

AT_ONCE = 4
_MOST_BYTES = 64 << 20
_MOST_READ = 48 << 20
_GO_ON = "You were interrupted. Look at what is there already, and go on with this task: "


@dataclass(eq=False)
class TaskNotStarted(MachineError):
    """The machine did not start a task."""

    number: int
    words: str

    def __str__(self) -> str:
        return f"task {self.number} could not be started: {self.words}"


def commands_for(agent: Agent, record: TaskRecord) -> Commands:
    """Return how `agent` is told to do a task. Raises AgentCannot."""
    again = _GO_ON + record.prompt
    return Commands(
        agent.unattended(record.prompt, turns=record.turns),
        agent.unattended(again, turns=record.turns, goes_on=bool(agent.headless_on)),
    )


@dataclass(frozen=True)
class TaskQueue:
    """The tasks of all machines of one workspace."""

    workspace: Workspace

    @property
    def records(self) -> TaskRecords:
        """What is known here."""
        return TaskRecords(self.workspace.paths.home / "tasks")

    def start(self, record: TaskRecord) -> TaskRecord:
        """Start a task, or hold it where there are enough; the machine is brought up.

        Raises:
            TaskNotStarted, AgentCannot, WhichRepo: nothing runs.
            Whatever `up` raises.
        """
        if sum(one.state in OPEN for one in self.records.all()) >= AT_ONCE:
            return self._note(record, "held", "other tasks run; the next look with room starts it")
        standing, place = self._place(record)
        commands = commands_for(self.agent(record.agent), record)
        address = standing.ready_alone(needs=record.agent)
        script = start_script(record, place, commands)
        status, lines = standing.ask(script, address=address)
        if status or read_detached(lines) is None:
            raise TaskNotStarted(record.number, " ".join(lines[-3:]))
        return self._note(record, "queued", "")

    def look(self, machine: str = "") -> tuple[TaskRecord, ...]:
        """Return all tasks as they are now, or those of one machine; what has ended is brought.

        A machine that does not answer leaves what is known of its tasks as it is.
        """
        mine = [one for one in self.records.all() if not machine or one.project == machine]
        for name in sorted({one.project for one in mine if one.state in OPEN}):
            self._look_in(name, [one for one in mine if one.project == name and one.state in OPEN])
        return tuple(self.records.read(str(one.number)) for one in mine)

    def start_held(self) -> None:
        """Start tasks that are held, as far as there is room. Raises as `start` does."""
        for record in self.records.all():
            if record.state == "held" and self.start(record).state == "held":
                return

    def diff(self, record: TaskRecord) -> tuple[int, list[str]]:
        """Return what a task that runs changed so far, as status and lines."""
        standing, place = self._place(record)
        return standing.ask(diff_script(record, place.directory))

    def cancel(self, record: TaskRecord) -> TaskRecord:
        """End a task. Raises GuestUnreachable: its machine runs and did not do it."""
        address = self._address(record.project)
        if record.state in OPEN and address is not None:
            self._standing(record).ask(end_script(record, kills=True), address=address)
        return self._note(record, "cancelled", "")

    def _look_in(self, name: str, records: list[TaskRecord]) -> None:
        address = self._address(name)
        if address is None:
            for record in records:
                self._note(record, "interrupted", "the machine does not run")
            return
        try:
            standing = self._standing(records[0])
            status, lines = standing.ask(look_script(records), address=address)
            fares = read_look(lines) if status == 0 else None
            for record in records if fares is not None else ():
                self._update(standing, address, record, (fares or {}).get(record.number))
        except (MachineError, ConvergeError, ProjectError) as error:
            self.workspace.screen.line(f"{name}: {str(error).splitlines()[0]}")

    def _update(
        self, standing: Standing, address: SshAddress, record: TaskRecord, fare: Fare | None
    ) -> None:
        if fare is None or (fare.word != "ended" and not fare.lives):
            self._note(record, "interrupted", "its session is gone, as after a reboot")
        elif fare.word == "running":
            self._note(record, "running", "")
        elif fare.word == "ended":
            self._bring(address, record)
            found = judge(fare.status, self._transcript(record))
            self._note(record, found.state, found.said)
            standing.ask(end_script(record, kills=False), address=address)

    def _bring(self, address: SshAddress, record: TaskRecord) -> None:
        folder = self.records.place(record)
        tally = Tally()

        def room(place: Path) -> int:
            return min(room_in(place), _MOST_BYTES - tally.size)

        source = End(out_folder(record), record.project)
        copy = Copy(source, End(str(folder)))
        from .copying.guest import pack_script  # noqa: PLC0415

        command = self._command(address, pack_script(source, follows_links=False))
        bring(command, record.project, copy, tally, room=room)

    def _command(self, address: SshAddress, script: str) -> list[str]:
        return ssh_command(address, script=script)

    def _transcript(self, record: TaskRecord) -> Iterable[str]:
        path = self.records.place(record) / "out" / TRANSCRIPT
        try:
            with path.open("rb") as file:
                return file.read(_MOST_READ).decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ()

    def _note(self, record: TaskRecord, state: str, said: str) -> TaskRecord:
        new = msgspec.structs.replace(record, state=state, said=said)
        self.records.write(new)
        return new

    def _place(self, record: TaskRecord) -> tuple[Standing, Workplace]:
        standing = self._standing(record)
        return standing, standing.place(record.repo, record.branch)

    def _standing(self, record: TaskRecord) -> Standing:
        return Standing(self.workspace, self.workspace.project(record.project))

    def _address(self, name: str) -> SshAddress | None:
        from .agent_list import Watcher  # noqa: PLC0415

        return Watcher.of(self.workspace).find(name)

    def agent(self, name: str) -> Agent:
        """Return the agent that a profile describes. Raises UnknownProfile."""
        from profiles.errors import UnknownProfile  # noqa: PLC0415

        catalogue = self.workspace.catalogue
        found = catalogue[name].agent if name in catalogue else None
        if found is None:
            known = tuple(each for each in catalogue if catalogue[each].agent)
            raise UnknownProfile(name, known, is_agent=True)
        return found
