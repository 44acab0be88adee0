from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nopal import guest_look
from nopal.guest_look import Disk, GuestMount, Listener
from nopal.session_look import Look, Record
from provision.look import Question

SS = """\
udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=332,fd=16))
udp UNCONN 0 0 [::]:5353 [::]:* users:(("systemd-resolve",pid=332,fd=12))
tcp LISTEN 0 5 0.0.0.0:3000 0.0.0.0:* users:(("node",pid=7,fd=3),("node",pid=8,fd=3))
tcp LISTEN 0 5 *:3000 *:* users:(("node",pid=7,fd=4))
tcp LISTEN 0 5 [::1]:6010 [::]:*
tcp ESTAB 0 0 10.0.0.1:5000 10.0.0.2:1
tcp LISTEN 0 5 0.0.0.0:99999 0.0.0.0:*
nonsense
"""


def said(question: Question, text: str) -> dict[str, str | None]:
    return {question.about: text}


def test_listeners_are_read_with_their_programs() -> None:
    assert guest_look.listeners(said(guest_look.LISTENERS, SS)) == (
        Listener(53, "udp", "127.0.0.53", "systemd-resolve", 332),
        Listener(3000, "tcp", "*", "node", 7),
        Listener(3000, "tcp", "0.0.0.0", "node", 7),
        Listener(5353, "udp", "::", "systemd-resolve", 332),
        Listener(6010, "tcp", "::1"),
    )


def test_time_and_uptime_are_seconds() -> None:
    assert guest_look.uptime_s(said(guest_look.UPTIME, "722.49 1060.30")) == 722.49
    assert guest_look.clock(said(guest_look.CLOCK, "1795466116.846567803")) == 1795466116.846567803


def test_memory_and_disk_are_bytes() -> None:
    assert guest_look.memory(said(guest_look.MEMORY, "4015540 kB\n3681108 kB")) == (
        4015540 * 1024,
        3681108 * 1024,
    )
    assert guest_look.disk(said(guest_look.DISK, "4096 100 40 1000 900")) == Disk(
        409600, 163840, 1000, 900
    )


def test_mounts_are_read_with_blanks_in_their_names() -> None:
    text = "/ ext4 ro,relatime\n/mnt/my\\040code virtiofs rw,relatime\n"
    assert guest_look.mounts(said(guest_look.MOUNTS, text)) == (
        GuestMount("/", "ext4", is_writable=False),
        GuestMount("/mnt/my code", "virtiofs", is_writable=True),
    )


def test_sessions_are_read_as_a_look_at_them() -> None:
    text = "now|1795466068\nrecord|claude|1795466000|claude\nend\n"
    assert guest_look.sessions(said(guest_look.SESSIONS, text)) == Look(
        1795466068, records=(Record("claude", "claude", 1795466000),)
    )


@pytest.mark.parametrize("text", [None, "", "nan", "1e999", "-1 -1", "9" * 400, "\n\n", "0 0 0"])
def test_what_is_no_answer_counts_as_none(text: str | None) -> None:
    answers = dict.fromkeys(("uptime", "clock", "memory", "disk"), text)
    read = (guest_look.uptime_s, guest_look.clock, guest_look.memory, guest_look.disk)
    assert [one(answers) for one in read] == [None] * 4


@given(st.text())
def test_any_answer_is_read_or_counts_as_none(text: str) -> None:
    questions = ("uptime", "clock", "memory", "disk", "mounts", "sessions", "listeners")
    answers: dict[str, str | None] = dict.fromkeys(questions, text)
    assert guest_look.disk(answers) is None or text
    guest_look.sessions(answers)
    for listener in guest_look.listeners(answers):
        assert 0 < listener.port < 65536
    guest_look.mounts(answers)
    guest_look.memory(answers)


def test_only_so_many_lines_of_an_answer_are_read() -> None:
    text = "".join(f"tcp LISTEN 0 5 0.0.0.0:{port} 0.0.0.0:*\n" for port in range(1, 2000))
    assert len(guest_look.listeners(said(guest_look.LISTENERS, text))) == 500
