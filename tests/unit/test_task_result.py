from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from nopal.task_guest import Fare, look_script, read_look
from nopal.task_list import as_text, in_depth
from nopal.task_queue import commands_for
from nopal.task_records import NoSuchTask, TaskRecord, TaskRecords
from nopal.task_result import judge
from profiles.catalogue import load
from profiles.errors import AgentCannot


def record(tmp_path: Path, prompt: str = "fix it", turns: int = 0) -> TaskRecord:
    return TaskRecords(tmp_path / "tasks", lambda: 1000).new(
        project="blog",
        agent="claude",
        prompt=prompt,
        repo="",
        branch="",
        timeout_s=60,
        turns=turns,
    )


def claude(**fields: object) -> str:
    return json.dumps({"type": "result", "subtype": "success", "result": "All done.", **fields})


@pytest.mark.parametrize(
    ("status", "lines", "state", "said"),
    [
        (0, ['{"type":"system"}', claude()], "done", "All done."),
        (0, [claude(is_error=True, result="no login")], "failed", "no login"),
        (1, [claude(subtype="error_max_turns", result=None)], "waiting", "error_max_turns"),
        (0, [claude(permission_denials=[{"tool_name": "Bash"}])], "waiting", "All done."),
        (124, [claude()], "failed", "its time was over\nAll done."),
        (
            0,
            [
                json.dumps(
                    {"type": "item.completed", "item": {"type": "agent_message", "text": "Fixed."}}
                ),
                '{"type":"turn.completed"}',
            ],
            "done",
            "Fixed.",
        ),
        (1, ['{"type":"turn.failed","error":{"message":"no quota"}}'], "failed", "no quota"),
        (0, ["some", "words"], "done", "some\nwords"),
        (3, [], "failed", "its agent ended with status 3"),
        (0, ["{", "[" * 100_000, '{"type": 1}', '{"type":"result","result":["x"]}'], "done", None),
        (0, ['{"type":"result","result":"a\\u001b[2Jb"}'], "done", "a [2Jb"),
    ],
)
def test_a_task_ends_as_its_transcript_says(
    status: int, lines: list[str], state: str, said: str | None
) -> None:
    found = judge(status, lines)
    assert found.state == state
    assert said is None or found.said == said


def test_each_task_has_a_number_a_branch_and_a_folder_of_its_own(tmp_path: Path) -> None:
    first, second = record(tmp_path), record(tmp_path)
    assert (first.number, second.number) == (1, 2)
    assert (second.branch, second.session) == ("nopal/task-2", "task-2")
    records = TaskRecords(tmp_path / "tasks")
    assert records.all() == (first, second)
    assert (tmp_path / "tasks").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("number", ["3", "../1", "", "x", "٣"])
def test_a_number_that_no_task_has_is_refused(tmp_path: Path, number: str) -> None:
    record(tmp_path)
    with pytest.raises(NoSuchTask):
        TaskRecords(tmp_path / "tasks").read(number)


def test_an_answer_about_tasks_is_read_strictly(tmp_path: Path) -> None:
    assert "1" in look_script([record(tmp_path)])
    lines = [
        "task|1|yes|running",
        "task|2|no|ended 3",
        "task|3|no|",
        "task|4|yes|ended 0; rm",
        "task|x|yes|queued",
    ]
    assert read_look(lines) is None
    assert read_look([*lines, "end"]) == {
        1: Fare("running", lives=True),
        2: Fare("ended", lives=False, status=3),
        3: Fare("", lives=False),
    }


def test_claude_and_codex_are_told_to_work_alone_and_to_go_on(tmp_path: Path) -> None:
    agents = {name: load()[name].agent for name in ("claude", "codex", "aider")}
    assert agents["claude"] and agents["codex"] and agents["aider"]
    commands = commands_for(agents["claude"], record(tmp_path, "-x", turns=7))
    assert commands.first[:3] == ("claude", "--max-turns=7", "-p")
    assert commands.first[-2:] == ("--", "-x")
    assert "--continue" in commands.again
    assert commands_for(agents["codex"], record(tmp_path)).again[:3] == ("codex", "exec", "resume")
    aider = commands_for(agents["aider"], record(tmp_path))
    assert aider.again[0] == aider.first[0]
    with pytest.raises(AgentCannot):
        commands_for(agents["codex"], record(tmp_path, turns=7))


def test_lists_say_what_one_can_do_next(tmp_path: Path) -> None:
    one = record(tmp_path, "fix\nthe test " * 20)
    assert "inv task" in as_text([], 0)
    assert "fix the test" in as_text([one], 1060)
    stopped = msgspec.structs.replace(one, state="interrupted")
    assert "inv tasks.resume 1" in in_depth(stopped, "/x")
    waits = msgspec.structs.replace(one, state="waiting", said="May I?")
    assert "--worktree nopal/task-1 --continue" in in_depth(waits, "/x")
