"""The questions about keys, asked of real programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from sshd import Agent, Sshd

from nopal.key_look import CLIENT, SOCKETS, client_version, forwarded_agents
from provision.step import Step


def answer(question: Step) -> str:
    return subprocess.run(
        ["sh", "-c", question.probe()], capture_output=True, text=True, check=True
    ).stdout


def test_a_real_ssh_tells_its_version() -> None:
    version = client_version({CLIENT.about: answer(CLIENT)})
    assert version is not None
    assert version > (7, 0)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ss"),
    reason="only root on Linux is told who listens",
)
def test_an_agent_that_a_real_login_brings_along_is_seen(sshd: Sshd, ssh_agent: Agent) -> None:
    before = set(forwarded_agents({SOCKETS.about: answer(SOCKETS)}))
    options = ("-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no")
    login = ("ssh", "-F", "none", "-A", "-T", "-i", sshd.key, *options, "-p", str(sshd.port))
    with subprocess.Popen(
        [*login, f"{sshd.user}@127.0.0.1", "echo $SSH_AUTH_SOCK; cat"],
        env={**os.environ, "SSH_AUTH_SOCK": str(ssh_agent.socket)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        path = process.stdout.readline().strip()
        found = set(forwarded_agents({SOCKETS.about: answer(SOCKETS)}))
        process.communicate("")
    assert path
    assert path in found - before
