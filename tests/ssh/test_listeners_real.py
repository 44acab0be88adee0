from __future__ import annotations

import os
import shutil
import socket
import subprocess

import pytest

from nopal import guest_look
from nopal.host_listeners import host_listeners


def test_this_computers_listeners_are_found_with_their_processes() -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        ports = {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]}
        before = [one for one in host_listeners() if one.pid == os.getpid()]
        tcp.listen()
        found = [one for one in host_listeners() if one.pid == os.getpid()]
    assert ("tcp", ports["tcp"]) not in [(one.proto, one.port) for one in before]
    assert {(one.proto, one.port) for one in found} >= set(ports.items())
    assert all(one.program for one in found)


def test_what_ss_says_of_a_listener_is_understood() -> None:
    if shutil.which("ss") is None:
        pytest.skip("no ss on this host")
    with socket.socket() as tcp, socket.socket(socket.AF_INET6) as tcp6:
        tcp.bind(("127.0.0.1", 0))
        tcp6.bind(("::1", 0))
        for one in (tcp, tcp6):
            one.listen()
        told = subprocess.run(
            ["sh", "-c", guest_look.LISTENERS.script], capture_output=True, text=True, check=True
        )
        ports = (tcp.getsockname()[1], tcp6.getsockname()[1])
    found = guest_look.listeners({"listeners": told.stdout})
    ours = {(one.port, one.proto, one.address) for one in found if one.pid == os.getpid()}
    assert ours >= {(ports[0], "tcp", "127.0.0.1"), (ports[1], "tcp", "::1")}


@pytest.mark.parametrize("question", [guest_look.UPTIME, guest_look.CLOCK, guest_look.MEMORY])
def test_a_real_linux_answers_the_questions(question: guest_look.Question) -> None:
    told = subprocess.run(["sh", "-c", question.script], capture_output=True, text=True, check=True)
    answers: dict[str, str | None] = {question.about: told.stdout.strip()}
    read = (guest_look.uptime_s, guest_look.clock, guest_look.memory)
    assert [one(answers) is not None for one in read].count(True) == 1


def test_a_real_linux_tells_its_disk_and_mounts() -> None:
    questions = (guest_look.DISK, guest_look.MOUNTS)
    answers: dict[str, str | None] = {
        one.about: subprocess.run(
            ["sh", "-c", one.script], capture_output=True, text=True, check=True
        ).stdout.strip()
        for one in questions
    }
    disk = guest_look.disk(answers)
    assert disk is not None
    assert 0 <= disk.free <= disk.total
    assert "/" in [mount.target for mount in guest_look.mounts(answers)]
