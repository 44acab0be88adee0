"""The rows of `inv ports`: who listens in a machine, and which ports here lead there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lima.forwards import Forward

from .columns import in_columns
from .guest_look import Listener
from .host_listeners import HostListener
from .screen import printable

State = Literal["here", "taken", "idle", "inside", "not yet"]
_IN_WORDS = {
    "here": "",
    "idle": "nothing listens in the machine",
    "inside": "stays in the machine",
    "not yet": "not forwarded yet, or no more",
}


@dataclass(frozen=True)
class Running:
    """A running machine, as far as ports go."""

    name: str
    forwards: tuple[Forward, ...]
    """What it would have at ports of this computer."""
    pid: int = 0
    """The process that forwards them."""

    def wants(self, proto: str, host: int) -> bool:
        """Whether it would have this port of this computer."""
        return any((one.proto, one.host) == (proto, host) for one in self.forwards)


@dataclass(frozen=True)
class Row:
    """One port of the machine."""

    guest: int
    proto: str
    addresses: tuple[str, ...] = ()
    """Where the guest's program listens; none where no program does."""
    program: str = ""
    host: int = 0
    """The port of this computer that is to lead there; 0 for none."""
    state: State = "inside"
    """`here`: it answers. `taken`: another has the port of this computer. `idle`: nothing listens
    in the machine. `inside`: it is not to be had here."""
    taken_by: str = ""
    wanted_by: tuple[str, ...] = ()
    """Other running machines that would have that port of this computer, too."""

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        scheme = "https" if self.guest in {443, 8443} else "http"
        return f"{scheme}://127.0.0.1:{self.host}/"

    @property
    def remark(self) -> str:
        """What is to be said of it."""
        said = _IN_WORDS.get(self.state, "")
        if self.taken_by:
            said = f"port {self.host} here is taken by {self.taken_by}"
        if self.wanted_by:
            said += f"{'; ' if said else ''}{', '.join(self.wanted_by)} would have it, too"
        return said


@dataclass(frozen=True)
class Ports:
    """One running machine among what else has, or would have, ports of this computer."""

    machine: Running
    others: tuple[Running, ...]
    here: tuple[HostListener, ...]

    def rows(self, listeners: Sequence[Listener] = ()) -> tuple[Row, ...]:
        """Return a row for each port that a guest's program listens at, or that is forwarded.

        Without `listeners`, which the guest would have to be asked for, only the latter.
        """
        hosts = {(one.guest, one.proto): one.host for one in self.machine.forwards}
        found: dict[tuple[int, str], list[Listener]] = {key: [] for key in hosts}
        for listener in listeners:
            found.setdefault((listener.port, listener.proto), []).append(listener)
        return tuple(self._row(*key, found[key], hosts.get(key, 0)) for key in sorted(found))

    def _row(self, guest: int, proto: str, found: Sequence[Listener], host: int) -> Row:
        holders = [one for one in self.here if host and (one.proto, one.port) == (proto, host)]
        state: State = "not yet" if found else "idle"
        taken_by = ""
        if not host:
            state = "inside"
        elif any(one.pid == self.machine.pid for one in holders if one.pid):
            state = "here"
        elif holders:
            state, taken_by = "taken", self._name(holders[0])
        return Row(
            guest,
            proto,
            tuple(dict.fromkeys(one.address for one in found)),
            next((one.program for one in found if one.program), ""),
            host,
            state,
            taken_by,
            tuple(other.name for other in self.others if host and other.wants(proto, host)),
        )

    def _name(self, holder: HostListener) -> str:
        owner = (other.name for other in self.others if other.pid and other.pid == holder.pid)
        name = next(owner, "")
        return f"the machine {name}" if name else str(holder)


def as_text(table: Sequence[Row]) -> str:
    """Return the rows for a person, in columns."""
    cells = [("PORT", "PROGRAM", "LISTENS AT", "HERE", "")]
    cells += [
        (
            str(row.guest) if row.proto == "tcp" else f"{row.guest}/{row.proto}",
            printable(row.program) or "-",
            " ".join(row.addresses) or "-",
            f"127.0.0.1:{row.host}" if row.state == "here" else "-",
            printable(row.remark),
        )
        for row in table
    ]
    return in_columns(cells)


def as_data(table: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows for `--json`."""
    return [
        {
            "port": row.guest,
            "proto": row.proto,
            "program": printable(row.program),
            "listens_at": list(row.addresses),
            "host_port": row.host or None,
            "state": row.state,
            "taken_by": row.taken_by,
            "wanted_by": list(row.wanted_by),
            "url": row.url if row.state == "here" and row.proto == "tcp" else None,
        }
        for row in table
    ]


def forwarded(table: Sequence[Row]) -> Iterator[Row]:
    """Yield the ports that a browser can open now."""
    return (row for row in table if row.state == "here" and row.proto == "tcp")
