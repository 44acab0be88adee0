from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from lima.instance import Instance
from nopal.driver import Driver
from nopal.listing import as_data, as_text, rows
from nopal.state import MachineState, StateStore

GIB = 1024**3


@dataclass
class Machines:
    """As much of a driver as a listing asks for."""

    there: tuple[Instance, ...]
    asked: list[str] = field(default_factory=list)

    def list(self) -> tuple[Instance, ...]:
        self.asked.append("list")
        return self.there

    def disk_in_use(self, instance: Instance) -> int:
        return 3 * GIB


def listed(folder: Path, *names: str, projects: tuple[str, ...] = ()) -> tuple[str, Machines]:
    machines = Machines(
        tuple(Instance(name=n, dir="", status="Running", cpus=2, memory=GIB) for n in names)
    )
    states = StateStore(folder)
    for name in names:
        states.write(MachineState(name=name, spec={"ports": "8080"}, profiles=("base", "node")))
    table = rows(cast("Driver", machines), states, projects)
    assert [row["name"] for row in as_data(table)] == [row.name for row in table]
    return as_text(table), machines


def test_the_driver_is_asked_once_however_many_machines_there_are(tmp_path: Path) -> None:
    _text, machines = listed(tmp_path, *(f"m{number}" for number in range(30)))
    assert machines.asked == ["list"]


def test_a_machine_has_a_line_with_all_that_is_asked_about_it(tmp_path: Path) -> None:
    text, _machines = listed(tmp_path, "blog", projects=("blog", "work"))
    head, blog, work = (line.split() for line in text.splitlines())
    assert head == ["NAME", "STATE", "CPUS", "MEMORY", "DISK", "PORTS", "PROFILES"]
    assert blog == ["blog", "running", "2", "1.0", "GiB", "3.0", "GiB", "8080", "base", "node"]
    assert work == ["work", "not", "made", "-", "-", "-", "-", "-"]
