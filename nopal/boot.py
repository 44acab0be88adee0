"""Getting one machine to run: made where there is none, brought to its present shape, started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from lima.errors import UnsafeInstance

from .machine_errors import NoSuchMachine
from .ports import taken
from .state import MachineState

if TYPE_CHECKING:
    from lima.goldens import Golden

    from .driver import Driver
    from .report import Reporter
    from .way_in import WayIn
    from .wish import Wish


@dataclass(frozen=True)
class Boot:
    """Gets a machine to run and says what it has not of what it should."""

    way_in: WayIn
    reporter: Reporter

    @property
    def name(self) -> str:
        """Which machine it is."""
        return self.way_in.name

    @property
    def driver(self) -> Driver:
        """What runs the machine."""
        return self.way_in.open_driver()

    def run(
        self, state: MachineState, wish: Wish, golden: Callable[[], Golden | None]
    ) -> MachineState:
        """Return the state of the machine once it runs and is as safe as asked.

        `golden` is asked, when the machine has to be made, for what it can begin from.
        """
        instance = self.driver.instance(self.name)
        if instance is None:
            state = MachineState(name=self.name, owner=wish.owner, spec=wish.shape())
            self.way_in.pins.remove(self.name)
            self.way_in.states.write(state)
        if instance is None or instance.status == "Broken":
            # A broken one that has a disk is kept: only what never got one is made anew.
            begin = golden()
            with self.reporter.activity("creating the machine") as on_line:
                self.driver.create(wish.spec, on_line, begin)
        elif instance.status != "Running":
            self.driver.update(wish.spec)
            state = msgspec.structs.replace(state, spec=wish.shape() | _kept(state))
        self.tell_differences(state, wish)
        if instance is None or instance.status != "Running":
            self._tell_taken_ports(wish)
        # A running machine may still be booting, when the command that started it was killed.
        is_up = instance is not None and instance.status == "Running"
        with self.reporter.activity("waiting for its boot" if is_up else "starting") as on_line:
            self.driver.start(self.name, on_line)
        instance = self.driver.instance(self.name)
        if instance is None:
            raise NoSuchMachine(self.name)
        try:
            self.driver.assert_safe(instance, wish.spec)
        except UnsafeInstance:
            if not is_up:
                # Nobody works in it yet, so it need not run with more than was asked.
                self.driver.stop(self.name, force=True)
            raise
        return self.way_in.found(state, instance)

    def tell_differences(self, state: MachineState, wish: Wish) -> None:
        """Say what the files ask for that a running machine does not have yet."""
        wanted = wish.shape()
        for field, had in state.spec.items():
            if wanted.get(field, had) != had:
                verbs = ("destroy", "up") if field in {"image", "disk"} else ("restart",)
                fix = ", ".join(f"inv {verb} -p {self.name}" for verb in verbs)
                self.reporter.say(f"{field} is {had} and not {wanted[field]} until: {fix}")

    def _tell_taken_ports(self, wish: Wish) -> None:
        for forward in taken(wish.spec.forwards):
            self.reporter.say(
                f"port {forward.host} of this computer is in use, so port {forward.guest} of the"
                " machine will not be there; free it, or choose another in `ports`"
            )


def _kept(state: MachineState) -> dict[str, str]:
    """Return what no update changes: the disk was made from the image, in its size."""
    return {field: state.spec[field] for field in ("image", "disk") if field in state.spec}
