from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lima.errors import SetupFailed
from lima.process import connect, identity, must_run, run


def test_what_a_program_logs_arrives_line_by_line_apart_from_its_answer() -> None:
    lines: list[str] = []
    done = run(("sh", "-c", "echo answer; echo one >&2; echo two >&2"), on_line=lines.append)
    assert (done.status, done.stdout, done.stderr) == (0, "answer\n", "one\ntwo")
    assert lines == ["one", "two"]


def test_merged_output_arrives_in_order() -> None:
    lines: list[str] = []
    run(("sh", "-c", "echo a; echo b >&2; echo c"), on_line=lines.append, is_merged=True)
    assert lines == ["a", "b", "c"]


def test_every_state_of_a_bar_that_is_drawn_over_and_over_is_a_line() -> None:
    lines: list[str] = []
    run(("printf", r"10%%\r50%%\r99%%\n"), on_line=lines.append, is_merged=True)
    assert lines == ["10%", "50%", "99%"]


def test_input_is_given_and_without_any_there_is_none_to_wait_for() -> None:
    assert run(("cat",), input_text="text").stdout == "text"
    assert run(("cat",)).stdout == ""


def test_only_the_given_environment_is_there() -> None:
    done = run(("/usr/bin/env",), environment={"A": "1"})
    assert done.stdout == "A=1\n"


def test_a_step_of_set_up_that_fails_tells_its_last_words() -> None:
    with pytest.raises(SetupFailed) as failed:
        must_run("QEMU", ("sh", "-c", "echo before; echo no space left >&2; exit 3"), print_nothing)
    assert failed.value.detail == "no space left"
    assert failed.value.requirement == "QEMU"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(SetupFailed, match="no `no-such-program`"):
        must_run("QEMU", ("no-such-program",), print_nothing)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_program_run_as_another_user_has_nothing_of_root() -> None:
    nobody = identity("nobody")
    done = run(("id",), run_as=nobody, directory=Path("/"))
    assert "uid=65534(nobody)" in done.stdout
    assert "root" not in done.stdout


def test_an_unknown_user_has_no_identity() -> None:
    assert identity("no-such-user-here") is None


def print_nothing(_line: str) -> None:
    pass


def test_two_programs_read_what_the_other_writes_and_are_left_alone(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    asks = f'echo question; read -r line; echo "$line" >{heard}.part; mv {heard}.part {heard}'
    connect(
        ("sh", "-c", 'read -r line; echo "no $line"'),
        ("sh", "-c", asks),
        environment={"PATH": os.environ["PATH"]},
    )
    deadline = time.monotonic() + 30
    while not heard.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert heard.read_text() == "no question\n"
