"""`task` and `tasks`: agents that do something without anybody there."""

from __future__ import annotations

import json as json_text
import sys
import time
from typing import TYPE_CHECKING

from invoke import Collection, Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from ..task_queue import TaskQueue
    from ..task_records import TaskRecord

_NUMBER = "the task's number, as `inv tasks` shows it"


@verb(
    positional=["prompt"],
    help={
        "prompt": "what to do, in quotes",
        "project": PROJECT,
        "agent": "the profile that installs the agent",
        "repo": "the repo to work on, by its folder in ~/code",
        "worktree": "the branch to work on; else a new one, nopal/task-N",
        "timeout": "end it after this time, such as 30m or 2h",
        "max_turns": "let it turn to its model this often at most",
    },
)
def task(
    c: Context,
    prompt: str,
    project: str = "",
    agent: str = "claude",
    repo: str = "",
    worktree: str = "",
    timeout: str = "2h",
    max_turns: int = 0,
) -> None:
    """Let an agent do something by itself, on a branch and worktree of its own."""
    from ..agent_wait import in_seconds  # noqa: PLC0415
    from ..task_queue import TaskQueue  # noqa: PLC0415

    limit = in_seconds(timeout)
    if not limit or not prompt.strip():
        raise Exit("a task needs words, and a time such as 30m", 2)
    workspace = open_workspace(c)
    queue = TaskQueue(workspace)
    queue.agent(agent)
    queue.look()
    record = queue.records.new(
        project=workspace.project(project).name,
        agent=agent,
        prompt=prompt,
        repo=repo,
        branch=worktree,
        timeout_s=int(limit),
        turns=max_turns,
    )
    _started(queue, record)


def _started(queue: TaskQueue, record: TaskRecord) -> None:
    import msgspec  # noqa: PLC0415

    try:
        found = queue.start(record)
    except BaseException:
        state = "failed" if record.state == "held" else record.state
        said = "it could not be started"
        queue.records.write(msgspec.structs.replace(record, state=state, said=said))
        raise
    words = found.said or f"is {found.state} on the branch {found.branch}"
    queue.workspace.screen.line(
        f"{found.project}: task {found.number} {words}; see: inv tasks.show {found.number}"
    )


@verb(help={"project": PROJECT, "json": "print JSON instead of columns"})
def list_tasks(c: Context, project: str = "", json: bool = False) -> None:
    """List the headless tasks of all machines, and start what was held."""
    from ..task_list import as_data, as_text  # noqa: PLC0415

    queue = _queue(c)
    queue.look()
    queue.start_held()
    records = [one for one in queue.records.all() if project in ("", one.project)]
    text = json_text.dumps(as_data(records), indent=2) if json else as_text(records, time.time())
    sys.stdout.write(f"{text}\n")


@verb(positional=["number"], help={"number": _NUMBER})
def show(c: Context, number: str) -> None:
    """Tell how a task fares, what its agent said last, and where its transcript is."""
    from ..task_list import in_depth  # noqa: PLC0415

    queue = _queue(c)
    record = _looked(queue, number)
    sys.stdout.write(in_depth(record, str(queue.records.place(record))) + "\n")


@verb(positional=["number"], help={"number": _NUMBER})
def diff(c: Context, number: str) -> None:
    """Print what a task changed, new files included."""
    from ..screen import printable  # noqa: PLC0415
    from ..task_guest import DIFF  # noqa: PLC0415
    from ..task_records import OPEN  # noqa: PLC0415

    queue = _queue(c)
    record = _looked(queue, number)
    status = 0
    if record.state in OPEN:
        status, lines = queue.diff(record)
    else:
        kept = queue.records.place(record) / "out" / DIFF
        if not kept.is_file():
            raise Exit(f"task {record.number} is {record.state}, and left no changes here", 1)
        lines = kept.read_bytes().decode(errors="replace").splitlines()
    for line in lines:
        sys.stdout.write(printable(line.expandtabs()) + "\n")
    if status:
        raise Exit(code=1)


@verb(positional=["number"], help={"number": _NUMBER})
def cancel(c: Context, number: str) -> None:
    """End a task, or take it out of the queue; its branch and worktree stay."""
    queue = _queue(c)
    record = _looked(queue, number)
    if record.state in {"done", "failed", "waiting", "cancelled"}:
        raise Exit(f"task {record.number} is {record.state} already", 2)
    queue.cancel(record)
    queue.workspace.screen.line(
        f"task {record.number}: cancelled; its branch {record.branch} stays"
    )


@verb(positional=["number"], help={"number": _NUMBER})
def resume(c: Context, number: str) -> None:
    """Go on with a task that was interrupted, in the same worktree and conversation."""
    queue = _queue(c)
    record = _looked(queue, number)
    if record.state != "interrupted":
        raise Exit(f"task {record.number} is {record.state}, not interrupted", 2)
    _started(queue, record)


def _queue(c: Context) -> TaskQueue:
    from ..task_queue import TaskQueue  # noqa: PLC0415

    return TaskQueue(open_workspace(c))


def _looked(queue: TaskQueue, number: str) -> TaskRecord:
    record = queue.records.read(number)
    queue.look(record.project)
    return queue.records.read(number)


tasks = Collection("tasks")
tasks.add_task(list_tasks, name="list", default=True)
for _one in (show, diff, cancel, resume):
    tasks.add_task(_one)
