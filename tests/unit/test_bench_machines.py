"""What the benchmark of whole machines reads, and what it shows."""

from __future__ import annotations

import re

import msgspec
from test_bench_results import MACHINE

from bench.clock import Pairs
from bench.machines import stages
from bench.machines_page import Boot, Cost, MachineResults
from bench.page import page
from bench.results import Results

ANALYZED = """\
Startup finished in 9.310s (kernel) + 1min 2.405s (userspace) = 1min 11.715s
graphical.target reached after 55.172s in userspace.
   26.110s cloud-final.service
    812ms cloud-config.service
  1min 1.500s cloud-init-main.service
     4.2s not-cloud-at-all.service
"""


def test_stages_are_read_with_minutes_and_milliseconds() -> None:
    assert dict(stages(ANALYZED.splitlines())) == {
        "kernel": 9.310,
        "userspace": 62.405,
        "cloud-final": 26.110,
        "cloud-config": 0.812,
        "cloud-init-main": 61.5,
    }


def test_the_page_shows_machines_where_they_were_measured() -> None:
    cost = Cost("a new one", "bare Lima", Pairs(((30.0, 120.0),)), 0.25)
    found = MachineResults(
        MACHINE, True, (cost,), (Boot("short", 60, (("kernel", 9.0),)), Boot("long", 80, ()))
    )
    kept = msgspec.json.decode(msgspec.json.encode(found), type=MachineResults)
    shown = page(Results(MACHINE, (), (), ()), kept)
    assert "| a new one | 30.00 | bare Lima | 120.00 | 0.25  | 0.25    |" in shown
    assert re.search(r"\| kernel +\| 9\.0 +\| - +\|", shown)
    assert "Whole machines" not in page(Results(MACHINE, (), (), ()))
