from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lima.events import statuses
from lima.logs import event_in_words, logs_of, record_in_words
from nopal.log_files import LogFile
from nopal.logs import NoSuchLog, logs, show
from nopal.plain_text import plain

TIME = "2026-01-31T12:34:56.789Z"


def machine(folder: Path) -> Path:
    """Write the logs of a machine that has started."""
    (folder / "ha.stdout.log").write_text(
        json.dumps({"time": TIME, "status": {"sshLocalPort": 60022}})
        + "\n"
        + json.dumps({"time": TIME, "status": {"running": True}})
        + "\n"
    )
    (folder / "ha.stderr.log").write_text(
        json.dumps({"level": "info", "msg": "Starting QEMU", "time": TIME}) + "\n"
    )
    (folder / "serial.log").write_text("[    0.0] Linux\r\n\x1b[0;32m  OK  \x1b[0m Started\r\n")
    return folder


def test_each_log_says_in_words_what_it_has(tmp_path: Path) -> None:
    converge = tmp_path / "blog.log"
    converge.write_text("--- 2026-01-31 12:34:56\n7 steps\n")
    folder = machine(tmp_path)
    assert list(show(logs(converge, folder), 20)) == [
        f"--- converge: what nopal did to it ({converge})",
        "--- 2026-01-31 12:34:56",
        "7 steps",
        f"\n--- boot: how its last start went ({folder / 'ha.stdout.log'})",
        "12:34:56 ready",
        f"\n--- hostagent: the process of Lima that looks after it ({folder / 'ha.stderr.log'})",
        "12:34:56 Starting QEMU",
        f"\n--- serial: its console: what the kernel and services say ({folder / 'serial.log'})",
        "[    0.0] Linux",
        "  OK   Started",
    ]


def test_one_log_has_no_heading_and_as_many_lines_as_asked_for(tmp_path: Path) -> None:
    wanted = logs(tmp_path / "none.log", machine(tmp_path), ["serial"])
    assert list(show(wanted, 1)) == ["  OK   Started"]
    assert len(list(show(wanted, 0))) == 2


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert list(show(logs(tmp_path / "none.log", tmp_path / "none", ["converge"]), 20)) == []


def test_an_unknown_log_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NoSuchLog) as refused:
        logs(tmp_path / "a", tmp_path, ["kernel"])
    assert str(refused.value) == (
        "there is no log 'kernel'; there are: converge, boot, hostagent, serial"
    )
    assert refused.value.exit_status == 2


def test_a_machine_of_vz_has_its_console_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "serialv.log").touch()
    assert logs_of(tmp_path)[-1].path.name == "serialv.log"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"running": True, "degraded": True, "errors": ["no agent"]}, "ready, degraded, no agent"),
        ({"exiting": True}, "stopping"),
        ({"cloudInitProgress": {"logLine": "growpart"}}, "cloud-init: growpart"),
        (
            {
                "running": True,
                "portForward": {
                    "type": "forwarding",
                    "protocol": "tcp",
                    "guestAddr": "127.0.0.1:3000",
                    "hostAddr": "127.0.0.1:8000",
                },
            },
            "port: forwarding tcp 127.0.0.1:3000 at 127.0.0.1:8000",
        ),
    ],
)
def test_an_event_is_a_sentence(status: object, words: str) -> None:
    assert event_in_words(json.dumps({"time": TIME, "status": status})) == f"12:34:56 {words}"


@pytest.mark.parametrize("line", ["", "{", "[]", '{"status": 1}', '{"status": {}}'])
def test_what_is_no_event_says_nothing(line: str) -> None:
    assert event_in_words(line) == ""


def test_a_record_that_is_no_json_is_shown_as_it_is() -> None:
    assert record_in_words("qemu: died") == "qemu: died"


def test_a_machine_without_a_log_has_no_events(tmp_path: Path) -> None:
    assert list(statuses(tmp_path)) == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;AAAA\x1b\\text", "text"),
        ("\x1bc\x1b(Btext", "text"),
        ("a\rb\bc\x00d", "a b c d"),
        ("x" * 5000, "x" * 4000 + " …"),
    ],
)
def test_a_line_cannot_rule_the_terminal(line: str, shown: str) -> None:
    assert plain(line) == shown


@given(st.text())
def test_any_line_becomes_printable(line: str) -> None:
    assert plain(line).isprintable()


def test_lines_come_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntw")
    log = LogFile(path)
    assert log.new() == ["one"]
    with path.open("a") as stream:
        stream.write("o\nthree\n")
    assert log.new() == ["two", "three"]
    assert log.new() == []
    log.close()


def replace(path: Path, text: str) -> None:
    other = path.with_name("other")
    other.write_text(text)
    other.replace(path)


@pytest.mark.parametrize("renew", [Path.write_text, replace])
def test_a_log_that_begins_anew_is_read_from_its_start(
    tmp_path: Path, renew: Callable[[Path, str], object]
) -> None:
    path = tmp_path / "log"
    path.write_text("the first start\n")
    log = LogFile(path)
    log.new()
    renew(path, "second\n")
    assert log.new() == ["second"]
    log.close()


def test_of_a_very_long_log_only_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x\n" * (1 << 20) + b"end\n")
    log = LogFile(path)
    lines = log.new()
    assert lines[-1] == "end"
    assert len(lines) <= 1 << 19
    log.close()


def test_a_line_without_end_is_given_out_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 100_000)
    log = LogFile(path)
    assert log.new() == ["x" * 100_000]
    log.close()


def test_no_link_is_followed_and_no_pipe_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    (tmp_path / "link").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        LogFile(tmp_path / "link").new()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        LogFile(tmp_path / "pipe").new()
    (tmp_path / "folder").symlink_to(tmp_path)
    with pytest.raises(OSError):
        LogFile(tmp_path / "folder" / "secret").new()


def test_following_names_the_log_that_something_was_written_to(tmp_path: Path) -> None:
    machine(tmp_path)

    def write(_seconds: float) -> None:
        with (tmp_path / "serial.log").open("a") as stream:
            stream.write("Reboot\n")

    wanted = logs(tmp_path / "none", tmp_path, ["boot", "serial"])
    *_, last = islice(show(wanted, 1, follows=True, sleep=write), 5)
    assert last == "serial: Reboot"
