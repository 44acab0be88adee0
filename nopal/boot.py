"""Getting one machine to run: made where there is none, brought to its present shape, started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from lima.errors import LimaError, UnsafeInstance
from lima.safety import carries_agent
from provision.errors import ConvergeError

from .differences import differences, kept
from .interrupt import leaving
from .machine_errors import MachineError, NoSuchMachine
from .ports import taken
from .state import MachineState

if TYPE_CHECKING:
    from lima.goldens import Golden
    from lima.sleepers import Twin

    from .driver import Driver
    from .key_way import KeyWay
    from .report import Reporter
    from .way_in import WayIn
    from .wish import Wish


@dataclass(frozen=True)
class Boot:
    """Gets a machine to run and says what it has not of what it should."""

    way_in: WayIn
    reporter: Reporter
    keys: KeyWay | None = None

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
        if instance is not None and state.is_twin:
            self._discard()
            instance = None
        if instance is None:
            if state.ssh is not None and not state.is_twin:
                self.reporter.say("its machine is gone, removed outside of nopal; making another")
            return self._make(wish, golden())
        if instance.status == "Broken":
            # One that has a disk is kept: only what never got one is made anew.
            self._create(wish, golden())
        elif instance.status != "Running":
            self.driver.update(wish.spec)
            shape = wish.shape()
            state = msgspec.structs.replace(state, spec=shape | kept(state.spec, shape))
        else:
            self.driver.wake(self.name)
        self.tell_differences(state, wish)
        # A running machine may still be booting, when the command that started it was killed.
        return self._start(state, wish, is_up=instance.status == "Running")

    def _make(self, wish: Wish, golden: Golden | None) -> MachineState:
        """Make the machine and get it to run, resumed if that can be."""
        self.way_in.pins.remove(self.name)
        state = MachineState(name=self.name, owner=wish.owner, spec=wish.shape())
        if golden is not None and self.driver.sleepers.has(wish.spec, golden):
            resumed = self._resume(state, wish, golden)
            if resumed is not None:
                return resumed
        self.way_in.states.write(state)
        self._create(wish, golden)
        return self._start(state, wish, is_up=False)

    def _create(self, wish: Wish, golden: Golden | None) -> None:
        words = f"the machine is half made; `inv up -p {self.name}` makes it anew"
        with (
            leaving(self.reporter.say, words),
            self.reporter.activity("creating the machine") as on_line,
        ):
            self.driver.create(wish.spec, on_line, golden)

    def _start(self, state: MachineState, wish: Wish, *, is_up: bool) -> MachineState:
        if not is_up:
            self._tell_taken_ports(wish)
        words = f"the machine goes on booting; `inv up -p {self.name}` waits for it"
        title = "waiting for its boot" if is_up else "starting"
        with leaving(self.reporter.say, words), self.reporter.activity(title) as on_line:
            self.driver.start(self.name, on_line, keeps_git=wish.spec.keeps_git)
        return self._checked(state, wish, is_up=is_up)

    def _checked(self, state: MachineState, wish: Wish, *, is_up: bool = False) -> MachineState:
        """Return the state of a machine that runs, unless it is less safe than asked."""
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
        state = self.way_in.found(state, instance)
        if self.keys is not None and not is_up and carries_agent(instance, wish.spec):
            self.keys.note_carried(self.way_in.address(state))
        return state

    def _resume(self, state: MachineState, wish: Wish, golden: Golden) -> MachineState | None:
        """Make the machine from the memory of another; return None where that fails.

        Until it is its own, nobody is let in: killed before, it is thrown away by the next `up`.
        """
        self.way_in.states.write(msgspec.structs.replace(state, is_twin=True))
        self._create(wish, golden)
        self._tell_taken_ports(wish)
        try:
            words = f"the machine is half made; `inv up -p {self.name}` makes it anew"
            with leaving(self.reporter.say, words), self.reporter.activity("resuming") as on_line:
                self.driver.sleepers.resume(wish.spec, golden, self._make_its_own, on_line)
        except (LimaError, ConvergeError, MachineError) as error:
            self.reporter.say(f"boots instead of resuming: {error}")
            self.driver.goldens.forget_sleeper(golden, wish.spec)
            self._discard()
            return None
        return self._checked(msgspec.structs.replace(state, pinned=True), wish)

    def _make_its_own(self, twin: Twin) -> None:
        from .twin import make_its_own  # noqa: PLC0415 - only what resumes needs it

        make_its_own(twin, self.name, self.way_in.pins)

    def _discard(self) -> None:
        self.driver.delete(self.name)
        self.way_in.pins.remove(self.name)

    def tell_differences(self, state: MachineState, wish: Wish) -> None:
        """Say what the files ask for that a running machine does not have yet."""
        for difference in self.differences(state, wish):
            self.reporter.say(difference)

    def differences(self, state: MachineState, wish: Wish) -> tuple[str, ...]:
        """Return a line for each thing the files ask for and the machine has not."""
        return tuple(differences(self.name, state.spec, wish.shape()))

    def _tell_taken_ports(self, wish: Wish) -> None:
        for forward in taken(wish.spec.forwards):
            self.reporter.say(
                f"port {forward.host} of this computer is in use, so port {forward.guest} of the"
                " machine will not be there; free it, or choose another in `ports`"
            )
