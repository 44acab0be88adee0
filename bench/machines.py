"""`python -m bench.machines`: what machines cost beside bare Lima, for docs/performance.md.

A new one, resumed and booted, beside `limactl clone` and `start` of the same disk; the verbs on a
running one beside `ssh` and beside the calls of limactl by which others do them; and where the time
of a boot goes. Needs a host that is set up; a golden machine is made where there is none.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from guard.host_keys import PinStore
from lima.driver import LimaDriver
from lima.host import detect
from nopal.paths import Paths
from nopal.ssh_command import ssh_command
from nopal.state import StateStore
from nopal.way_in import WayIn

from .clock import Command, CommandFailed, Pairs, Run
from .kept import Kept
from .machine import describe
from .machines_page import Boot, Cost, MachineResults
from .tools import ROOT, Installation

SLOWEST_S = 3600.0
_NOPAL = """\
from nopal.cli import Nopal
from nopal.tasks import ns
Nopal(name="nopal", binary="nopal", namespace=ns, version="").run()
"""
PROFILES = ("docker", "node", "claude", "codex", "gh", "git")
RESUMED, BOOTED, PARENT, BARE = "resumed", "booted", "parent", "bare"
# Memory is kept for each size apart: of this one none is ever asked for.
_GIB = {RESUMED: 4, BOOTED: 3, PARENT: 4}
UNTRIMMED = """\
sudo rm -f /etc/cloud/cloud.cfg.d/95-nopal-image.cfg
printf '%s\\n' 'datasource_list: [ NoCloud, None ]' 'ssh_deletekeys: false' |
    sudo tee /etc/cloud/cloud.cfg.d/95-plain.cfg >/dev/null
sudo rm -f /usr/local/sbin/update-ca-certificates
for unit in $(find /etc/systemd/system -maxdepth 1 -lname /dev/null -printf '%f '); do
    sudo systemctl unmask --quiet "$unit"
done
"""
"""Takes back what the image that nopal builds leaves out of a boot."""
ANATOMY = "systemd-analyze time; systemd-analyze blame --no-pager | grep cloud-"


@dataclass(frozen=True)
class Yard:
    """Machines of the benchmark's own, in a folder of their own."""

    folder: Path
    say: Callable[[str], None]

    @cached_property
    def environment(self) -> dict[str, str]:
        """What nopal is told: nothing of the person's own."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            **Installation().environment,
            "HOME": str(Path.home()),
            "NOPAL_HOME": str(self.folder / "state"),
            "NOPAL_CONFIG": str(self.folder / "projects.toml"),
        }

    @cached_property
    def paths(self) -> Paths:
        """Where these machines are."""
        is_root = os.geteuid() == 0
        return Paths.from_environment(self.environment, is_root=is_root, home=Path.home())

    @cached_property
    def driver(self) -> LimaDriver:
        """What limactl is called by."""
        return LimaDriver.on(self.paths.lima, detect(), self.environment)

    def write_projects(self) -> None:
        """Write the projects file."""
        names = ", ".join(f'"{name}"' for name in PROFILES)
        tables = [
            f'[projects.{name}]\ncpus = 2\nmemory = "{gib}GiB"\ndisk = "16GiB"\nports = "none"\n'
            f"signing = false\nprofiles = [{names}]\n"
            for name, gib in _GIB.items()
        ]
        (self.folder / "projects.toml").write_text("\n".join(tables))

    def inv(self, *words: str) -> Run:
        """Type `inv …`. Raises CommandFailed."""
        typed = Command((*Installation().invoke, *words), ROOT, self.environment)
        return typed.run(SLOWEST_S)

    def limactl(self, *words: str) -> float:
        """Call limactl; return the seconds that it took. Raises CommandFailed."""
        began = time.perf_counter()
        done = self.driver.limactl.run(words)
        took_s = time.perf_counter() - began
        if done.status:
            raise CommandFailed(("limactl", *words), f"ended with {done.status}", done.stderr)
        return took_s

    def stand(self, name: str, *words: str) -> Run:
        """Do what the shell function of `nopal shellenv` does. Raises CommandFailed."""
        # As the command `nopal`, which this checkout need not have been installed for.
        nopal = (Installation().python, "-c", _NOPAL)
        typed = Command(
            (*nopal, "stand", f"--project={name}", "--", *words), ROOT, self.environment
        )
        return typed.run(SLOWEST_S)

    def ssh(self, name: str, *, over_master: bool = False) -> Command:
        """Return what logs in to a machine anew, or joins Lima's connection, as ssh itself would.

        Raises CommandFailed: the machine does not answer.
        """
        states, pins = StateStore(self.paths.state), PinStore(self.paths.known_hosts)
        address = WayIn(name, lambda: self.driver, states, pins, None).quick_address()
        if address is None:
            raise CommandFailed(("ssh", name), "has nowhere to go", "the machine does not answer")
        words = ssh_command(address, script="true", over_master=over_master)
        return Command(tuple(words), ROOT, self.environment)


def new_machines(yard: Yard, rounds: int) -> Iterator[Cost]:
    """Measure new machines, each beside `limactl clone` and `start` in the same round."""
    times: dict[str, list[tuple[float, float]]] = {RESUMED: [], BOOTED: [], BARE: []}
    for turn in range(rounds):
        yard.say(f"new machines, {turn + 1} of {rounds}: by limactl")
        bare_s, peer_s = _by_limactl(yard)
        yard.say(f"  clone and start {bare_s:.1f} s, seven calls {peer_s:.1f} s")
        times[BARE].append((peer_s, bare_s))
        for name in (RESUMED, BOOTED):
            run = yard.inv("up", "--yes", "-p", name)
            if "instead of resuming" in run.output:
                raise CommandFailed(("inv", "up"), "did not resume", run.output)
            yard.inv("destroy", "--yes", "-p", name)
            yard.say(f"  {name} {run.wall_s:.1f} s")
            times[name].append((run.wall_s, bare_s))
    beside = "`limactl clone` + `start`"
    for what, name, limit in (
        ("`inv up` of a new machine, resumed", RESUMED, 0.25),
        ("`inv up` of a new machine, booted from its golden", BOOTED, 1.1),
        ("a new machine by seven calls of limactl, as agent-vm does", BARE, None),
    ):
        yield Cost(what, beside, Pairs(tuple(times[name])), limit)


def _by_limactl(yard: Yard) -> tuple[float, float]:
    """Return the seconds of `clone` and `start`, and of all calls that agent-vm makes."""
    try:
        looks = [yard.limactl("list", "-q") for _ in range(2)]
        clone = yard.limactl("clone", PARENT, BARE, "--tty=false")
        edit = yard.limactl("edit", BARE, "--cpus=2", "--memory=4", "--tty=false")
        start = yard.limactl("start", BARE, "--tty=false", "--timeout=40m")
        last = yard.limactl("list", "--format", "{{.Name}} {{.Status}}")
        shell = yard.limactl("shell", "--workdir=/", BARE, "true")
        return clone + start, sum(looks) + clone + edit + start + last + shell
    finally:
        yard.driver.delete(BARE)


def running_machine(yard: Yard, pairs: int) -> Iterator[Cost]:
    """Measure verbs on a running, converged machine."""
    ssh, joined = yard.ssh(PARENT), yard.ssh(PARENT, over_master=True)

    def peer() -> float:
        """Run `true` by the calls of limactl that agent-vm makes in a running machine."""
        looks = [yard.limactl("list", "-q") for _ in range(2)]
        state = yard.limactl("list", "--format", "{{.Name}} {{.Status}}")
        return sum(looks) + state + yard.limactl("shell", "--workdir=/", PARENT, "true")

    yard.inv("up", "-p", PARENT)
    cells: tuple[tuple[str, str, Callable[[], float], Callable[[], float], float], ...] = (
        (
            "`inv up` of a running, converged machine",
            "a cold `ssh true` to it",
            lambda: yard.inv("up", "-p", PARENT).wall_s,
            lambda: ssh.run().wall_s,
            1.0,
        ),
        (
            "`inv run true` in a running machine",
            "four calls of limactl, as agent-vm does",
            lambda: yard.inv("run", "true", "-p", PARENT).wall_s,
            peer,
            0.5,
        ),
        (
            "`nm true`, the shell function, in a running machine",
            "`ssh true` over the connection that is open",
            lambda: yard.stand(PARENT, "true").wall_s,
            lambda: joined.run().wall_s,
            3.0,
        ),
    )
    for name, beside, ours, other, limit in cells:
        yard.say(name)
        ours()
        cost = Cost(name, beside, Pairs(tuple((ours(), other()) for _ in range(pairs))), limit)
        yard.say(f"  {cost.pairs.ratio:.2f}")
        yield cost


def boots(yard: Yard) -> Iterator[Boot]:
    """Look at a boot of the machine as it is, and at one with all that the image leaves out."""
    for name, change in (("as it is", ""), ("with all that Debian's cloud image does", UNTRIMMED)):
        yard.say(f"a boot {name}")
        if change:
            yard.inv("run", change, "-p", PARENT)
        yard.inv("down", "-p", PARENT)
        took_s = yard.limactl("start", PARENT, "--tty=false", "--timeout=40m")
        told = yard.inv("run", ANATOMY, "-p", PARENT).output
        yield Boot(name, took_s, tuple(stages(told.splitlines())))


def stages(lines: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield the stages that systemd-analyze tells of, with their seconds. Pure."""
    for line in lines:
        if total := re.match(r"Startup finished in (.+)", line):
            for took, stage in re.findall(
                r"([\d.mins ]+?) \((kernel|initrd|userspace)\)", total[1]
            ):
                yield stage, _seconds(took)
        elif unit := re.match(r"\s*([\d.mins ]+?) (cloud-[a-z-]+)\.service$", line):
            yield unit[2], _seconds(unit[1])


def _seconds(text: str) -> float:
    units = {"min": 60.0, "ms": 0.001, "s": 1.0}
    return sum(float(n) * units[unit] for n, unit in re.findall(r"([\d.]+)(min|ms|s)", text))


@contextmanager
def yard_with_parent(folder: Path, say: Callable[[str], None]) -> Iterator[Yard]:
    """Yield a yard with golden, kept memory, and a stopped machine whose disk is one whole file."""
    yard = Yard(folder, say)
    yard.write_projects()
    try:
        say("the golden machine and its memory")
        yard.inv("bake", "-p", RESUMED)
        say("a machine to clone")
        yard.inv("up", "--yes", "-p", PARENT)
        yield yard
    finally:
        for name in _GIB:
            yard.inv("destroy", "--yes", "-p", name)


def flatten(yard: Yard) -> None:
    """Make the parent's disk one whole file, as Lima's own are: `limactl clone` knows no other."""
    disk = Path(yard.paths.lima.home) / PARENT / "disk"
    whole = disk.with_name("whole")
    Command(
        ("qemu-img", "convert", "-O", "qcow2", str(disk), str(whole)), yard.folder, os.environ
    ).run()
    owner = disk.stat()
    os.chown(whole, owner.st_uid, owner.st_gid)
    whole.replace(disk)


def main() -> int:
    """Measure, and keep what was found for the page."""
    parser = argparse.ArgumentParser(prog="bench.machines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="new machines of each kind")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    # A short path: it is part of the names of sockets.
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as place,
        yard_with_parent(Path(place), _say) as yard,
    ):
        costs = tuple(running_machine(yard, pairs=9))
        yard.inv("down", "-p", PARENT)
        flatten(yard)
        costs = (*new_machines(yard, options.rounds), *costs)
        yard.inv("up", "-p", PARENT)
        found = tuple(boots(yard))
    emulated = not detect().has_hardware_virtualisation
    results = MachineResults(describe(Installation(), load), emulated, costs, found)
    kept = Kept.of_this_user()
    kept.keep(results)
    kept.write_page()
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
