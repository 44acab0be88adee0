from __future__ import annotations

import io
import json
from pathlib import Path

from engine_samples import FACTS

from nopal.json_report import JsonReport
from nopal.report import Reporter
from nopal.screen import PlainScreen
from provision.engine import Outcome
from provision.report import StepResult


def test_a_converge_is_told_as_one_json_object_a_line(tmp_path: Path) -> None:
    out = io.StringIO()
    listener = JsonReport("blog", out)
    failed = StepResult("apt:curl", "failed", "exit 100", "E: no\nsuch package", took_s=1.23456)
    with Reporter("blog", PlainScreen(io.StringIO()), tmp_path / "log", listener) as reporter:
        reporter.step_begins("apt:curl", "install curl")
        reporter.step_says("apt:curl", "E: no")
        reporter.step_ends(failed)
        reporter.step_ends(StepResult("apt:less", "ok"))
        reporter.sums_up(Outcome(FACTS, (failed, StepResult("apt:less", "ok")), 3))
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {event.pop("machine") for event in events} == {"blog"}
    assert events == [
        {"event": "begins", "step": "apt:curl", "summary": "install curl"},
        {"event": "says", "step": "apt:curl", "line": "E: no"},
        {
            "event": "ends",
            "step": "apt:curl",
            "status": "failed",
            "summary": "exit 100",
            "detail": "E: no\nsuch package",
            "took_s": 1.235,
        },
        {
            "event": "ends",
            "step": "apt:less",
            "status": "ok",
            "summary": "",
            "detail": "",
            "took_s": 0.0,
        },
        {
            "event": "summary",
            "steps": 2,
            "ok": 1,
            "changed": 0,
            "would change": 0,
            "failed": 1,
            "skipped": 0,
            "execs": 3,
            "is_converged": False,
        },
    ]


def test_a_plan_is_told_as_its_changes() -> None:
    out = io.StringIO()
    JsonReport("blog", out).plan(("create the machine", "start it"))
    assert json.loads(out.getvalue()) == {
        "event": "plan",
        "machine": "blog",
        "changes": ["create the machine", "start it"],
    }
