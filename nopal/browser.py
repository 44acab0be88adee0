"""Opening a page of a machine in the browser of this computer, where there is one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .machine_errors import MachineError
from .port_table import Row, forwarded


@dataclass(eq=False)
class PortNotHere(MachineError):
    """A port of the machine that this computer does not have."""

    machine: str
    row: Row

    def __str__(self) -> str:
        port = self.row.guest
        if self.row.state == "taken":
            fix = f"end {self.row.taken_by}, or give it another: {{guest = {port}, host = …}}"
            said = f"port {self.row.host} of this computer is taken by {self.row.taken_by}"
        elif self.row.state == "inside":
            fix = f"add {port} to `ports` of the project, then: inv restart -p {self.machine}"
            said = f"port {port} of {self.machine} is not forwarded"
        else:
            fix = f"start what shall listen there; see: inv ports -p {self.machine}"
            said = f"nothing listens at port {port} of {self.machine}"
        return f"{said}\n{fix}"


@dataclass(eq=False)
class WhichPort(MachineError):
    """No port was named, and not just one can be opened."""

    machine: str
    ports: tuple[int, ...]
    exit_status = 2

    def __str__(self) -> str:
        if not self.ports:
            return (
                f"no port of {self.machine} is on this computer now\n"
                f"see: inv ports -p {self.machine}"
            )
        choices = " or ".join(f"--port {port}" for port in self.ports)
        return f"{self.machine} has several ports here; say which: {choices}"


def choose(machine: str, table: Iterable[Row], port: int = 0) -> Row:
    """Return the row of the port to open: `port` of the guest, or the only one there is.

    Raises:
        PortNotHere: that port is not on this computer.
        WhichPort: there is more than one, or none.
    """
    rows = tuple(row for row in table if row.proto == "tcp")
    if port:
        found = next((row for row in rows if row.guest == port), Row(port, "tcp"))
        if found.state != "here":
            raise PortNotHere(machine, found)
        return found
    here = tuple(forwarded(rows))
    if len(here) != 1:
        raise WhichPort(machine, tuple(row.guest for row in here))
    return here[0]


def browser_command(
    environ: Mapping[str, str], system: str, which: Callable[[str], str | None], *, is_root: bool
) -> str:
    """Return the program that opens a URL for this person; empty where none would.

    A session without a display has no browser, and root's would refuse.
    """
    if system == "Darwin":
        return which("open") or ""
    has_display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return (which("xdg-open") or "") if has_display and not is_root else ""


def open_in_browser(program: str, url: str) -> None:
    """Start `program` with `url` and leave it to itself; what it prints is nobody's."""
    subprocess.Popen(
        [program, url],
        cwd=Path("/"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
