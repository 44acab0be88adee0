"""What a machine shall be: its shape, for the driver, and its steps, for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from provision.digest import digest
from provision.select import Selection
from provision.step import Step

if TYPE_CHECKING:
    from lima.spec import MachineSpec, PortForward


@dataclass(frozen=True)
class Wish:
    """What a machine shall be: its shape, and the steps that hold in it."""

    spec: MachineSpec
    steps: tuple[Step, ...]
    profiles: tuple[str, ...] = ()
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The profiles that each of `profiles` requires directly."""
    clones: tuple[str, ...] = ()
    """URLs of the repos that the steps clone."""
    reaching: Mapping[str, str] = field(default_factory=dict)
    """By the URL of a repo, the fingerprint of the key that its server accepted."""
    owner: str = ""
    """The repo directory that asks for the machine."""

    @property
    def digest(self) -> str:
        """Tell whether two wishes declare the same steps."""
        return digest(self.steps)

    @property
    def without_checks(self) -> tuple[Step, ...]:
        """The steps less those that only verify, by starting programs, what the others did.

        What was verified holds as long as every other step does.
        """
        return tuple(step for step in self.steps if not step.only_proves)

    def chosen(self, selection: Selection) -> Wish:
        """Return the wish with only the steps that are meant.

        Raises:
            NothingSelected: the selection fits no step.
        """
        return replace(self, steps=selection.of(self.steps))

    def shape(self) -> dict[str, str]:
        """Return the machine's shape field by field, in words that can be kept and compared."""
        return {
            "cpus": str(self.spec.cpus),
            "memory": f"{self.spec.memory_gib}GiB",
            "disk": f"{self.spec.disk_gib}GiB",
            "image": self.spec.image.name,
            "ports": ports_in_words(self.spec.ports),
            "mounts": ", ".join(map(str, self.spec.mounts)) or "none",
            "watch": "events" if self.spec.tells_of_changes else "none",
        }


def ports_in_words(ports: str | tuple[PortForward, ...]) -> str:
    """Return the ports as `ls` shows them: `auto`, `none`, or `8080, 80 at 8000`."""
    if isinstance(ports, str):
        return ports
    return ", ".join(
        str(port.guest) if port.guest == port.host else f"{port.guest} at {port.host}"
        for port in ports
    )
