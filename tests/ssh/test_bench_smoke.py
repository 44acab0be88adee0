"""The benchmarks themselves: they run, and count what they claim. Never a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from sshd import PROGRAM

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(
    PROGRAM is None or os.geteuid() != 0, reason="needs sshd, and root, who logs in to it"
)
def test_a_quick_bench_finds_that_a_no_op_is_one_exec_and_a_first_converge_three() -> None:
    words = [sys.executable, "-m", "bench", "--quick", "--json"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    results = msgspec.json.decode(ended.stdout)
    figures = [(figure["cell"], figure["counts"]) for figure in results["figures"]]
    assert {(cell["kind"], counts["execs"]) for cell, counts in figures} == {
        ("first", 3),
        ("no-op", 1),
    }
    assert {(cell["tool"], counts["connections"]) for cell, counts in figures} == {
        ("nopal, Fabric", 1),
        ("nopal, live master", 0),
    }
    assert {comparison["name"] for comparison in results["comparisons"]} >= {"inv --list"}


def test_a_quick_bench_of_the_key_broker_signs_as_often_as_it_says() -> None:
    words = [sys.executable, "-m", "bench.keys", "--rounds", "3", "--json"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    cost = msgspec.json.decode(ended.stdout)
    assert len(cost["same_connection"]["times"]) == len(cost["new_connection"]["times"]) == 3
