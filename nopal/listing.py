"""The rows of `inv ls`: machines and projects in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .columns import in_columns
from .names import BAKE_PREFIX
from .screen import printable
from .sizes import in_words

if TYPE_CHECKING:
    from .driver import Driver
    from .state import MachineState, StateStore


@dataclass(frozen=True)
class Row:
    """One machine, or one project that has no machine yet."""

    name: str
    state: str
    """As the driver says it in small letters, or `not made`."""
    cpus: int | None = None
    memory_bytes: int | None = None
    disk_used_bytes: int | None = None
    ports: str = ""
    profiles: tuple[str, ...] = ()
    repo: str = ""
    """The directory of the repo whose file made the machine."""
    orphan: str = ""
    """Why no project is the machine's any more; empty while one is."""


def rows(
    driver: Driver,
    states: StateStore,
    projects: Iterable[str],
    why_orphaned: Callable[[MachineState], str] = lambda _state: "",
) -> tuple[Row, ...]:
    """Return every machine by name, then the projects without one. Asks the driver once."""
    found = []
    instances = {
        instance.name: instance
        for instance in driver.list()
        if not instance.name.startswith(BAKE_PREFIX)
    }
    for name, instance in sorted(instances.items()):
        state = states.read(name)
        found.append(
            Row(
                name=name,
                state=instance.status.lower(),
                cpus=instance.cpus,
                memory_bytes=instance.memory,
                disk_used_bytes=driver.disk_in_use(instance),
                ports=state.spec.get("ports", ""),
                profiles=state.profiles,
                repo=state.owner,
                orphan=why_orphaned(state),
            )
        )
    found += [Row(name, "not made") for name in sorted(projects) if name not in instances]
    return tuple(found)


def as_data(table: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows for `--json`."""
    return [asdict(row) for row in table]


def as_text(table: Sequence[Row]) -> str:
    """Return the rows for a person, in columns."""
    head = ("NAME", "STATE", "CPUS", "MEMORY", "DISK", "PORTS", "PROFILES", "")
    cells = [head] + [
        (
            row.name,
            row.state,
            str(row.cpus or "-"),
            "-" if row.memory_bytes is None else in_words(row.memory_bytes),
            "-" if row.disk_used_bytes is None else in_words(row.disk_used_bytes),
            row.ports or "-",
            " ".join(row.profiles) or "-",
            f"orphan: {printable(row.orphan)}" if row.orphan else "",
        )
        for row in table
    ]
    return in_columns(cells)
