"""`python -m bench.keys`: what the key broker adds to a signature, and the memory that it takes.

Each signature through the broker is paired with one by the agent itself. The broker's own processor
time says more than the wall where a computer is busy: much of the rest is waiting for one's turn.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from guard.keys.client import BrokerClient
from guard.keys.policy import KeyPolicy, Rate, Rates
from guard.keys.protocol import SignRequest
from guard.public_key import parse_public_key
from guard.wire import string

from .clock import Pairs

PROJECTS = 30
MOST = Rates(sign=Rate(10**9, 1.0))
_PAUSE_S = 0.006
"""Between two signatures: the broker slows down who asks more than 200 times a second."""


@dataclass(frozen=True)
class KeyCost:
    """What one run found."""

    same_connection: Pairs
    """Seconds through the broker, and by the agent alone."""
    new_connection: Pairs
    processor_ms: float
    """Of the broker, for one signature on the same connection."""
    resident_mib: float
    """Of the broker, with all projects open."""


def measure(rounds: int) -> KeyCost:
    """Measure with an agent, a key and a broker of this run's own."""
    # A short path: it is part of the names of sockets.
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        place = Path(folder)
        public = _make_key(place)
        with _running_agent(place) as agent:
            client = BrokerClient(place / "keys")
            try:
                for number in range(PROJECTS):
                    through = client.give(_policy(f"project-{number}", agent))
                return _measure(client, through, agent, _request(public), rounds)
            finally:
                client.stop()


def _measure(
    client: BrokerClient, through: Path, agent: Path, request: bytes, rounds: int
) -> KeyCost:
    pid = client.status().pid
    with _connected(through) as ours, _connected(agent) as its:
        before_s = _processor_s(pid)
        same = Pairs(tuple(_pair(ours, its, request) for _ in range(rounds)))
        processor_s = _processor_s(pid) - before_s
    new = []
    for _ in range(rounds):
        began = time.perf_counter()
        with _connected(through) as ours:
            _sign(ours, request)
        middle = time.perf_counter()
        with _connected(agent) as its:
            _sign(its, request)
        new.append((middle - began, time.perf_counter() - middle))
        time.sleep(_PAUSE_S)
    resident = _resident_mib(pid)
    return KeyCost(same, Pairs(tuple(new)), processor_s * 1000 / rounds, resident)


def _pair(ours: socket.socket, its: socket.socket, request: bytes) -> tuple[float, float]:
    began = time.perf_counter()
    _sign(ours, request)
    middle = time.perf_counter()
    _sign(its, request)
    ended = time.perf_counter()
    time.sleep(_PAUSE_S)
    return middle - began, ended - middle


def _sign(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)
    answer = connection.recv(4096)
    if answer[4:5] != b"\x0e":
        message = "the agent did not sign"
        raise RuntimeError(message)


@contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        yield connection


def _make_key(place: Path) -> bytes:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(place / "key")]
    subprocess.run(words, check=True)
    return parse_public_key((place / "key.pub").read_text()).blob


@contextmanager
def _running_agent(place: Path) -> Iterator[Path]:
    path = place / "agent.sock"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.01)
        environ = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        subprocess.run(["ssh-add", "-q", str(place / "key")], env=environ, check=True)
        yield path
    finally:
        agent.terminate()
        agent.wait()


def _policy(project: str, agent: Path) -> KeyPolicy:
    return KeyPolicy(
        project=project,
        exposed=("bench",),
        sign={"git": "allow"},
        rates=MOST,
        upstream=(str(agent),),
    )


def _request(blob: bytes) -> bytes:
    fields = (b"git", b"", b"sha512", bytes(64))
    data = b"SSHSIG" + b"".join(string(field) for field in fields)
    return string(SignRequest(blob, data, 0).encode())


def _processor_s(pid: int) -> float:
    """Return the processor time of a process; Linux tells it to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench.keys", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="signatures of each kind")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    cost = measure(options.rounds)
    if options.json:
        sys.stdout.write(msgspec.json.encode(cost).decode() + "\n")
        return 0
    for name, pairs in (("same", cost.same_connection), ("new", cost.new_connection)):
        added_ms = median(ours - its for ours, its in pairs.times) * 1000
        its_ms, ours_ms = pairs.second_s * 1000, pairs.first_s * 1000
        sys.stdout.write(
            f"a signature on the {name} connection: {its_ms:.2f} ms by the agent, "
            f"{ours_ms:.2f} through the broker ({added_ms:+.2f}, × {pairs.ratio:.1f})\n"
        )
    sys.stdout.write(
        f"the broker's own processor time: {cost.processor_ms:.2f} ms a signature\n"
        f"resident with {PROJECTS} projects: {cost.resident_mib:.0f} MiB\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
