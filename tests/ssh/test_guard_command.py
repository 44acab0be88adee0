"""Short commands of the host: their time-out is for the whole family."""

from __future__ import annotations

import os
from pathlib import Path

from guard.command import run_command

ENV = {"PATH": os.environ["PATH"]}


def test_output_and_status_come_back() -> None:
    done = run_command(["sh", "-c", "echo out; echo err >&2; exit 3"], ENV)
    assert (done.status, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_a_command_has_nothing_to_read_and_only_the_given_environment() -> None:
    done = run_command(["sh", "-c", "cat; echo $HOME"], ENV)
    assert done.stdout == "\n"


def test_a_missing_program_is_a_status() -> None:
    assert run_command(["nopal-no-such-program"], ENV).is_missing


def test_at_the_time_out_the_children_go_too(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/child; wait"
    done = run_command(["sh", "-c", script], ENV, timeout_s=0.5)
    assert done.has_timed_out
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "stat"
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_output_that_is_not_utf8_is_kept() -> None:
    done = run_command(["printf", "a\\377b"], ENV)
    assert done.stdout.encode("utf-8", "surrogateescape") == b"a\xffb"
