from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sshd import Agent

from nopal.doctor.host import processes
from nopal.doctor.identity import agent_check

INV = Path(sys.executable).parent / "inv"
CHECKOUT = Path(__file__).parents[2]
_HOLD = (
    "import fcntl, os, sys, time\n"
    "lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)\n"
    "fcntl.flock(lock, fcntl.LOCK_EX)\n"
    "print('held', flush=True)\n"
    "time.sleep(600)\n"
)


@contextmanager
def holding(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold `lock` in a process of its own, as another nopal would."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def doctor(home: Path, *words: str) -> dict[str, dict[str, object]]:
    """Run `inv doctor` for a person whose home is `home`, and return its lines by check."""
    done = subprocess.run(
        [str(INV), "doctor", "--json", *words],
        cwd=CHECKOUT,
        env={**os.environ, "HOME": str(home), "NOPAL_HOME": str(home / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = json.loads(done.stdout)
    assert done.returncode == (0 if all(line["ok"] for line in lines) else 1), done.stderr
    return {line["check"]: line for line in lines}


def test_a_lock_of_a_process_that_was_killed_is_found_and_mended(tmp_path: Path) -> None:
    states = tmp_path / "state/state"
    states.mkdir(parents=True, mode=0o700)
    dead, alive, half = states / ".dead.lock", states / ".alive.lock", states / ".blog.k1ll3d"
    with holding(dead) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    half.write_text("{")
    os.utime(half, (time.time() - 7200,) * 2)
    with holding(alive):
        found = doctor(tmp_path)["leftover files"]
        assert not found["ok"]
        assert ".dead.lock" in str(found["says"])
        assert ".alive.lock" not in str(found["says"])
        assert dead.exists()
        assert doctor(tmp_path, "--fix")["leftover files"]["mended"] is True
        assert not dead.exists()
        assert not half.exists()
        assert alive.exists()


def test_a_state_folder_that_others_may_read_is_found_and_mended(tmp_path: Path) -> None:
    states = tmp_path / "state/state"
    states.mkdir(parents=True, mode=0o755)
    assert doctor(tmp_path)["private files"]["ok"] is False
    assert doctor(tmp_path, "--fix")["private files"]["mended"] is True
    assert states.stat().st_mode & 0o777 == 0o700


def test_a_broken_project_file_is_one_fault_among_the_checks(tmp_path: Path) -> None:
    file = tmp_path / ".config/nopal/projects.toml"
    file.parent.mkdir(parents=True)
    file.write_text("[projects.blog]\nmemroy = '1GiB'\n")
    found = doctor(tmp_path)["project blog"]
    assert not found["ok"]
    assert "memroy" in str(found["says"])


def test_a_real_agent_is_asked_and_one_of_a_password_manager_is_only_connected_to(
    ssh_agent: Agent, tmp_path: Path
) -> None:
    found = agent_check({ssh_agent.socket: "SSH_AUTH_SOCK"}, lambda: True).look()
    assert found.ok
    assert "1 key" in found.says
    silent = tmp_path / "1password.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(silent))
        server.listen()
        assert agent_check({silent: "1Password"}, lambda: True).look().ok
        client, _address = server.accept()
        with client:
            assert client.recv(100) == b"", "it was asked for something"
    assert not agent_check({silent: "1Password"}, lambda: True).look().ok


def test_processes_are_listed_with_their_command_lines() -> None:
    assert os.getpid() in [pid for pid, words in processes() if words]
