from __future__ import annotations

import io
from pathlib import Path

from nopal.report import Reporter
from nopal.screen import PlainScreen, printable, screen_for
from provision.report import StepResult


def test_a_pipe_gets_plain_lines() -> None:
    stream = io.StringIO()
    screen = screen_for(stream)
    with screen.activity("starting") as update:
        update("booting")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "starting …"
    assert lines[1].startswith("starting: done in ")


def test_what_a_guest_prints_cannot_rule_the_terminal() -> None:
    assert printable("a\x1b]0;title\x07b\r") == "a ]0;title b"


def test_steps_that_were_right_already_are_not_told(tmp_path: Path) -> None:
    stream = io.StringIO()
    with Reporter("blog", PlainScreen(stream), tmp_path / "blog.log") as reporter:
        reporter.step_ends(StepResult("file:/etc/x", "ok"))
    assert stream.getvalue() == ""


def test_a_failed_step_shows_its_output_and_the_log_keeps_it(tmp_path: Path) -> None:
    stream = io.StringIO()
    log = tmp_path / "logs" / "blog.log"
    with Reporter("blog", PlainScreen(stream), log) as reporter:
        reporter.step_begins("apt:curl", "install curl")
        reporter.step_says("apt:curl", "E: no such package")
        reporter.stream().write("Reading package lists\n")
        reporter.step_ends(StepResult("apt:curl", "failed", "exit 100", "E: no such package"))
    assert "blog: apt:curl failed: exit 100" in stream.getvalue()
    assert "blog:     E: no such package" in stream.getvalue()
    assert "\nReading package lists\n" in log.read_text()
    assert "apt:curl failed: exit 100" in log.read_text()


def test_a_log_that_grew_long_makes_room_and_the_older_one_stays(tmp_path: Path) -> None:
    log = tmp_path / "blog.log"
    log.write_text("x" * (9 << 20))
    with Reporter("blog", PlainScreen(io.StringIO()), log) as reporter:
        reporter.say("up")
        assert "blog.log.1" in {path.name for path in tmp_path.iterdir()}
        assert log.stat().st_size < 100
        reporter.forget_log()
    assert list(tmp_path.iterdir()) == []


def test_a_destroyed_machines_log_goes_with_it(tmp_path: Path) -> None:
    log = tmp_path / "blog.log"
    with Reporter("blog", PlainScreen(io.StringIO()), log) as reporter:
        reporter.say("stopping")
        reporter.forget_log()
        reporter.tell("destroyed")
    assert not log.exists()
