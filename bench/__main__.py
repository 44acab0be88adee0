"""`python -m bench`: measure, show, and write docs/performance.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import msgspec

from .kept import Kept
from .machine import describe
from .page import text
from .peers import install, install_nopal
from .results import Results
from .suite import QUICK, Extent, Suite
from .tools import Installation, Tool


def main() -> int:
    """Do what the command line asks; return the exit status."""
    options = _options()
    kept = Kept.of_this_user()
    if options.render:
        kept.write_page()
        return 0
    if os.geteuid() != 0:
        _say("The benchmarks log in to this computer as root, so only root can run them.")
        return 2
    # A short path: it is part of the names of sockets.
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        scratch = Path(folder)
        nopal = Installation()
        peers: tuple[Tool, ...] = ()
        if not options.quick:
            nopal = install_nopal(kept.folder, scratch, _say)
            peers = install(kept.folder, _say)
        tools = tuple(tool for tool in (*nopal.tools(), *peers) if options.only in tool.name)
        extent = QUICK if options.quick else Extent()
        if options.sizes:
            extent = replace(extent, sizes=tuple(options.sizes))
        keep = _forget if options.quick else kept.keep
        results = measure(Suite(scratch, nopal, tools, extent, _say), kept.folder, keep)
    if options.json:
        sys.stdout.write(msgspec.json.encode(results).decode() + "\n")
        return 0
    sys.stdout.write(text(results) + "\n")
    if not options.quick:
        kept.write_page()
    return 0


def measure(suite: Suite, cache: Path, keep: Callable[[Results], None]) -> Results:
    """Measure all of it; what there is so far is given to `keep`, for a run may be cut off."""
    load = os.getloadavg()[0]
    results = Results(describe(suite.nopal, load), (), (), ())
    for comparison in chain(suite.commands(), suite.growth()):
        results = replace(results, comparisons=(*results.comparisons, comparison))
        keep(results)
    results = replace(results, stages=tuple(suite.stages()))
    for comparison in suite.installs(cache):
        results = replace(results, installs=(*results.installs, comparison))
        keep(results)
    for figure in suite.figures():
        results = replace(results, figures=(*results.figures, figure))
        keep(results)
    results = replace(
        results,
        figures=tuple(suite.with_forks(results.figures)),
        machine=describe(suite.nopal, load),
    )
    keep(results)
    return results


def _forget(_results: Results) -> None:
    """Keep nothing."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="nopal alone, one pair, no page")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--only", default="", help="tools with this in their name")
    parser.add_argument("--sizes", type=int, nargs="*", help="numbers of resources")
    parser.add_argument("--render", action="store_true", help="write the page from what was kept")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
