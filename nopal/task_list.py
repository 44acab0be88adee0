"""What `inv tasks` shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .checkpoint_list import age
from .columns import in_columns
from .task_records import TaskRecord

_WIDEST = 50


def as_text(records: Sequence[TaskRecord], now: float) -> str:
    """Return a line for each task, the newest last."""
    if not records:
        return 'there are no tasks; begin one with: inv task "fix the failing test"'
    rows = [("TASK", "STATE", "PROJECT", "AGENT", "BRANCH", "AGE", "PROMPT")]
    rows += [
        (
            str(one.number),
            one.state,
            one.project,
            one.agent,
            one.branch,
            age(int(now) - one.created),
            _short(one.prompt),
        )
        for one in records
    ]
    return in_columns(rows)


def in_depth(record: TaskRecord, place: str) -> str:
    """Return what there is to say of one task; `place` is the folder of what it left."""
    lines = [
        f"task {record.number}: {record.state}",
        f"project {record.project}, {record.agent}, branch {record.branch}",
        f"asked: {record.prompt}",
    ]
    if record.said:
        lines += ["", record.said, ""]
    lines.append(f"kept in {place}")
    match record.state:
        case "interrupted":
            lines.append(f"go on with it: inv tasks.resume {record.number}")
        case "waiting":
            lines.append(
                f"answer it: inv {record.agent} -p {record.project} --worktree {record.branch}"
                " --continue"
            )
    return "\n".join(lines)


def as_data(records: Sequence[TaskRecord]) -> list[object]:
    """Return the same for `--json`."""
    return [msgspec.to_builtins(one) for one in records]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"
