from __future__ import annotations

import io

from provision.framing import Framing
from provision.transcript import Subject, keep

FRAMING = Framing("0123456789abcdef")


def log_of(*lines: str, subjects: tuple[Subject, ...] = ()) -> list[str]:
    log = io.StringIO()
    write = keep(log, "probe", FRAMING, subjects)
    for line in lines:
        write(line.replace("@", f"\x1e{FRAMING.nonce} "))
    return log.getvalue().splitlines()


def test_marks_become_the_names_of_steps() -> None:
    assert log_of(
        "@begin 0",
        "Reading package lists",
        "",
        "E: no such package",
        "",
        "@end 0 100",
        "@begin 1",
        "@end 1 0",
        "@done 0",
        subjects=(Subject("apt:curl"), Subject("file:/etc/x")),
    ) == [
        "# probe",
        "# begin apt:curl",
        "Reading package lists",
        "",
        "E: no such package",
        "# end (exit status 100) apt:curl",
        "# begin file:/etc/x",
        "# end file:/etc/x",
        "# done",
    ]


def test_lines_of_steps_that_run_side_by_side_are_told_apart() -> None:
    subjects = (Subject("git-clone:a"), Subject("git-clone:b"))
    assert log_of("@say 1 0 Cloning", "@say 0 0 denied", subjects=subjects) == [
        "# probe",
        "git-clone:b| Cloning",
        "git-clone:a| denied",
    ]


def test_a_private_state_stays_out() -> None:
    subjects = (Subject("json:~/.config/x#a", is_private=True), Subject("apt:curl"))
    kept = log_of("@state 0", "c2VjcmV0", "", "@end 0 0", "@state 1", "1.2", subjects=subjects)
    assert kept[1:] == [
        "# state json:~/.config/x#a",
        "(not kept)",
        "# end json:~/.config/x#a",
        "# state apt:curl",
        "1.2",
    ]


def test_without_a_log_nothing_is_kept() -> None:
    keep(None, "probe", FRAMING, ())("a line")
