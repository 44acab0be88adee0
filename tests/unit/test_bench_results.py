"""What the benchmarks show of what they found."""

from __future__ import annotations

import msgspec
import pytest

from bench.clock import Pairs
from bench.installs import APT_NAME, NPM_NAME
from bench.page import page, text
from bench.results import Cell, Comparison, Machine, Results
from bench.suite import Extent
from bench.targets import verdicts

MACHINE = Machine(2, "a processor", "Debian", False, 4, {"python": "3.11"}, (0.1, 0.2))


def found(*installs: Comparison) -> Results:
    """Return what there is of a run that was cut off early, as it was kept."""
    kept = msgspec.json.encode(Results(MACHINE, (), (), (), installs))
    return msgspec.json.decode(kept, type=Results)


def compared(name: str, first_s: float, second_s: float) -> Comparison:
    return Comparison(name, Pairs(((first_s, second_s),)), 1024, 1024)


def test_a_run_that_was_cut_off_can_be_shown() -> None:
    assert "Load average" in page(found())
    assert "Real installs" not in page(found())
    assert text(found()) == ""


def test_real_installs_are_held_to_a_tenth_more_than_the_bare_call() -> None:
    results = found(compared(APT_NAME, 10.9, 10), compared(NPM_NAME, 12, 10))
    assert [(verdict.is_met, round(verdict.ratio, 2)) for verdict in verdicts(results)] == [
        (True, 1.09),
        (False, 1.2),
    ]
    assert "## Real installs" in page(results)


@pytest.mark.parametrize(
    ("cell", "is_ours", "most"),
    [
        (Cell("peer", 1000, 50, "no-op"), False, 1),
        (Cell("peer", 1000, 0, "no-op"), False, 15),
        (Cell("nopal", 1000, 50, "no-op"), True, 15),
    ],
    ids=["slowest of a peer", "quick of a peer", "slowest of nopal"],
)
def test_only_the_slowest_runs_of_peers_are_made_once(cell: Cell, is_ours: bool, most: int) -> None:
    assert Extent().effort(cell, is_ours=is_ours)[0] == most
