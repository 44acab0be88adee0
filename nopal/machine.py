"""One machine through its life: made, started, converged, stopped, destroyed.

Every verb is idempotent: it looks at what is there and does what is missing, so that a run after
a killed one finishes its work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from provision.errors import GuestUnreachable, HostKeyChanged

from .interrupt import leaving
from .lock import PATIENT, Command
from .machine_errors import MachineError, NoSuchMachine
from .state import MachineState, StateStore
from .way_in import WayIn

if TYPE_CHECKING:
    from lima.goldens import Golden
    from provision.engine import Outcome
    from provision.step import Step
    from provision.transport.address import SshAddress
    from provision.transport.fabric import FabricTransport

    from .boot import Boot
    from .driver import Driver
    from .guest_clock import ClockWatch
    from .key_way import KeyWay
    from .lost_work import LostWork
    from .mending import Mending
    from .over_master import Glance
    from .report import Reporter
    from .way_in import HostKeyPins
    from .wish import Wish


@dataclass(frozen=True)
class Machine:
    """One machine by its name, with the means to work on it."""

    name: str
    open_driver: Callable[[], Driver]
    """Called when the driver is needed: a machine that answers at once needs none."""
    states: StateStore
    pins: HostKeyPins
    reporter: Reporter
    keys: KeyWay | None = None
    """Its way to the keys that it may use."""
    command: Command = PATIENT

    @property
    def driver(self) -> Driver:
        """What runs the machine."""
        return self.open_driver()

    @cached_property
    def way_in(self) -> WayIn:
        """How it is found and logged in to."""
        agent = self.keys.socket if self.keys else None
        return WayIn(self.name, self.open_driver, self.states, self.pins, agent)

    @cached_property
    def _mending(self) -> Mending:
        from .mending import Mending  # noqa: PLC0415

        return Mending(self.way_in, self.reporter)

    @cached_property
    def _boot(self) -> Boot:
        from .boot import Boot  # noqa: PLC0415

        return Boot(self.way_in, self.reporter, self.keys)

    def up(
        self,
        wish: Wish,
        *,
        prepare: Callable[[], None] = lambda: None,
        golden: Callable[[], Golden | None] = lambda: None,
        keep_going: bool = False,
        restart: bool = False,
    ) -> Outcome:
        """Make, start and converge the machine; return how the steps came out.

        `prepare` is called before slow work begins; not at all when the machine answers at once.
        `golden` is asked, when the machine has to be made, for what it can begin from. With
        `restart`, a machine whose shape differs from the wish is stopped first, to boot with it.

        Raises:
            LimaError: the machine could not be made or started, or it is not as safe as asked.
            LetsNobodyIn, ConvergeError: it could not be reached, or a step failed.
        """
        from .differences import needs_boot  # noqa: PLC0415

        with self.locked():
            state = self.states.read(self.name)
            if restart and needs_boot(state.spec, wish.shape()):
                self._stop()
                state = self.states.read(self.name)
            state = self._noting_keys(state, wish)
            seen = self._glance(state, wish, wish.without_checks)
            if seen.outcome is not None:
                self._boot.tell_differences(state, wish)
                self._mending.tell_untended(state)
                self.carry_keys()
                self._note_fit(seen.fit)
                return self._as_seen(seen.outcome)
            transport = self.way_in.answering(state)
            if transport is None:
                prepare()
                state = self._boot.run(state, wish, golden)
                transport = self._mending.let_in(state)
            else:
                self._boot.tell_differences(state, wish)
                self._mending.connection(state, seen)
            self.carry_keys()
            try:
                outcome = self._converge(transport, state, wish, keep_going=keep_going)
            finally:
                transport.close()
            self._judge_master(seen, outcome)
            if outcome.changed:
                # The first look since then: whoever runs commands need not log in for each.
                # Only what depends on when one logged in: all else was proven just now.
                state = self.states.read(self.name)
                by_login = [step for step in wish.steps if step.needs_new_login]
                self._note_fit(self._glance(state, wish, by_login).fit)
            return outcome

    @contextmanager
    def booted(self, wish: Wish, golden: Golden) -> Iterator[FabricTransport]:
        """Make and start the machine from `golden`, and yield a login; nothing is converged."""
        with self.locked():
            state = self._boot.run(self.states.read(self.name), wish, lambda: golden)
            transport = self.way_in.connect(state)
            try:
                yield transport
            finally:
                transport.close()

    def converge(self, wish: Wish, *, is_whole: bool = True, keep_going: bool = False) -> Outcome:
        """Bring the steps of a running machine about.

        `is_whole` tells whether `wish` is all that the machine shall be, or only a part of it.

        Raises:
            NoSuchMachine, NotRunning: there is nothing to converge.
            ConvergeError: it could not be reached, or a step failed.
        """
        with self.locked():
            seen = self._glance(self.states.read(self.name), wish, wish.steps)
            if seen.outcome is not None:
                return self._as_seen(seen.outcome)
            state, transport = self.reach(wish)
            try:
                outcome = self._converge(
                    transport, state, wish, remember=is_whole, keep_going=keep_going
                )
            finally:
                transport.close()
            self._judge_master(seen, outcome)
            return outcome

    def look(self, wish: Wish) -> Outcome:
        """Return how the steps stand in the running machine; nothing is changed."""
        state, transport = self.reach(wish)
        try:
            return self._converge(transport, state, wish, dry_run=True)
        finally:
            transport.close()

    def plan(self, wish: Wish) -> tuple[str, ...]:
        """Return what `up` would do, one line each; nothing is changed.

        A machine that does not run can't be asked, so its steps are only named.
        """
        state = self.states.read(self.name)
        seen = self._glance(state, wish, wish.steps).outcome
        differences = self._boot.differences(state, wish)
        if seen is not None:
            self._as_seen(seen)
            return differences
        transport = self.way_in.answering(state)
        if transport is None:
            instance = self.driver.instance(self.name)
            steps = f"converge {len(wish.steps)} steps of {', '.join(wish.profiles)}"
            if instance is None or instance.status == "Broken" or state.is_twin:
                shape = ", ".join(f"{field} {value}" for field, value in wish.shape().items())
                return (f"create the machine ({shape})", "start it", steps)
            if instance.status != "Running":
                return (*differences, "start the machine", steps)
            self.driver.assert_safe(instance, wish.spec)
            state = self.way_in.found(state, instance)
            transport = self.way_in.connect(state)
        try:
            outcome = self._converge(transport, state, wish, dry_run=True)
        finally:
            transport.close()
        changes = (
            f"{result.id}: {result.summary}" for result in outcome.results if result.status != "ok"
        )
        return (*differences, *changes)

    def reach(self, wish: Wish | None = None) -> tuple[MachineState, FabricTransport]:
        """Connect to the running machine: see `WayIn.reach`."""
        return self.way_in.reach(wish)

    def quick_address(self) -> SshAddress | None:
        """Return where something still listens that was the machine: see `WayIn.quick_address`."""
        return self.way_in.quick_address()

    def carry_keys(self, *, has_some: bool = True) -> None:
        """See to it that the running machine has its way to its keys, if it `has_some`.

        Raises:
            WiderAgent: it has another agent than that.
        """
        state = self.states.read(self.name)
        if self.keys is None or state.ssh is None or not state.pinned:
            return
        address = self.way_in.address(state)
        if self.keys.is_carried(address) or self.quick_address() is None:
            return
        if not self.keys.carry(address) and has_some:
            self.reporter.say("it has no way to its keys; inv restart gives it one")

    def see_to_connection(self, *, logs_in: bool = True) -> None:
        """Mend what a login to a running machine needs, and what its forwards hang on.

        Whoever only joins the connection that is open needs no sshd that greets, which takes an
        emulated machine a second.
        """
        state = self.states.read(self.name)
        is_connected = self.way_in.is_tended(state) and self.way_in.is_connected(state)
        if is_connected and (not logs_in or self.way_in.greets(state)):
            return
        from .over_master import Glance  # noqa: PLC0415

        with self.locked():
            self._mending.connection(state, Glance())
            self._mending.sshd(state)

    def exists(self) -> bool:
        """Return whether there is such a machine, running or not."""
        return self.driver.instance(self.name) is not None

    def is_converged(self, wish: Wish) -> bool:
        """Return whether these very steps held when they were last looked at."""
        return self.states.read(self.name).converged == wish.digest

    def down(self, *, force: bool = False) -> bool:
        """Stop the machine; return False when it was not running."""
        with self.locked():
            instance = self.driver.instance(self.name)
            if instance is None:
                raise NoSuchMachine(self.name)
            if instance.status == "Stopped":
                return False
            self._stop(force=force)
            return True

    def _stop(self, *, force: bool = False) -> None:
        state = self.states.read(self.name)
        from .trim import trim  # noqa: PLC0415

        words = f"the machine may go on stopping; `inv down -p {self.name}` sees to it"
        with leaving(self.reporter.say, words), self.reporter.activity("stopping"):
            if state.ssh is not None and not force:
                trim(self.way_in.address(state), self.reporter)
            self.driver.stop(self.name, force=force)
        self.way_in.forget()

    def stop(self) -> None:
        """Stop the machine, whose lock the caller holds; one that is stopped is left alone."""
        instance = self.driver.instance(self.name)
        if instance is not None and instance.status != "Stopped":
            self._stop()

    def end_if_running(self) -> None:
        """Cut the power of a machine that runs; any other is left alone."""
        with self.locked():
            instance = self.driver.instance(self.name)
            if instance is not None and instance.status != "Stopped":
                self.driver.stop(self.name, force=True)
                self.way_in.forget()

    def what_would_be_lost(self) -> tuple[LostWork, ...] | None:
        """Ask the machine for work that is nowhere else; None when it can't be asked."""
        from . import lost_work  # noqa: PLC0415

        try:
            _state, transport = self.reach()
        except (MachineError, GuestUnreachable, HostKeyChanged):
            return None
        lines: list[str] = []
        try:
            transport.run(lost_work.SCRIPT, lines.append)
        except GuestUnreachable:
            return None
        finally:
            transport.close()
        return lost_work.read_answer(lines)

    def destroy(self) -> bool:
        """End the machine, and with it all that nopal knows of it; False when there was nothing."""
        with self.locked():
            existed = self.driver.instance(self.name) is not None
            if existed:
                words = f"the machine may be half gone; `inv destroy -p {self.name}` ends it"
                with leaving(self.reporter.say, words), self.reporter.activity("destroying"):
                    self.driver.delete(self.name)
            self.pins.remove(self.name)
            self.states.remove(self.name)
            if self.keys is not None:
                self.keys.forget()
            return existed

    def locked(self) -> AbstractContextManager[None]:
        """Hold the machine: another command on it waits until this one is done."""
        on_wait = self.command.told(f"the machine {self.name}", self.reporter.say)
        return self.states.locked(self.name, on_wait, self.command.verb)

    def _glance(self, state: MachineState, wish: Wish, steps: Sequence[Step]) -> Glance:
        """Look at `steps` over Lima's SSH master, where all of the wish held before."""
        from .over_master import Glance, glance  # noqa: PLC0415

        if state.ssh is None or not state.pinned or state.converged != wish.digest:
            return Glance()
        log = self.reporter.stream()
        return glance(self.way_in.address(state), steps, log, poor=state.poor_master)

    def _as_seen(self, outcome: Outcome) -> Outcome:
        """Report what a look found, all being as it should be."""
        for result in outcome.results:
            self.reporter.step_ends(result)
        self.reporter.sums_up(outcome)
        return outcome

    def _note_fit(self, master: str) -> None:
        """Remember the master over which all was seen to be as it should be, if there is one."""
        state = self.states.read(self.name)
        if master and master != state.fit_master:
            self.states.write(msgspec.structs.replace(state, fit_master=master))

    def _judge_master(self, seen: Glance, outcome: Outcome) -> None:
        """Remember a master that saw faults where a login of our own saw none."""
        state = self.states.read(self.name)
        if seen.master and not outcome.changed and seen.master != state.poor_master:
            self.states.write(msgspec.structs.replace(state, poor_master=seen.master))

    def _converge(
        self,
        transport: FabricTransport,
        state: MachineState,
        wish: Wish,
        *,
        dry_run: bool = False,
        remember: bool = True,
        keep_going: bool = False,
    ) -> Outcome:
        from provision.engine import converge  # noqa: PLC0415 - the engine loads when it is needed

        from .guest_clock import ClockWatch  # noqa: PLC0415

        watch = ClockWatch() if dry_run else self._mending.clock(transport)
        if state.converged == wish.digest and not dry_run:
            outcome = self._look_again(transport, wish, watch)
            if outcome.is_converged:
                return outcome
        self.reporter.log(f"{len(wish.steps)} steps")
        words = f"the machine runs; what is done holds, and `inv up -p {self.name}` does the rest"
        with leaving(self.reporter.say, words):
            outcome = converge(
                transport,
                wish.steps,
                self.reporter,
                dry_run=dry_run,
                expects_changes=not dry_run and state.converged != wish.digest,
                keep_going=keep_going,
                requires=wish.requires,
                log=self.reporter.stream(),
                premise=watch.premise(),
            )
        self.reporter.sums_up(outcome)
        if dry_run:
            return outcome
        if outcome.failed:
            from .guest_faults import ask_for_faults  # noqa: PLC0415

            for fault in ask_for_faults(transport, self.name):
                self.reporter.say(fault)
        outcome.raise_for_failure()
        if remember:
            self._remember_converged(state, wish)
        return outcome

    def _noting_keys(self, state: MachineState, wish: Wish) -> MachineState:
        """Remember which keys reach the repos of a machine that is all right in everything else."""
        if not state.converged or state.reaching == wish.reaching:
            return state
        state = msgspec.structs.replace(state, reaching=dict(wish.reaching))
        self.states.write(state)
        return state

    def _look_again(self, transport: FabricTransport, wish: Wish, watch: ClockWatch) -> Outcome:
        """Return how the steps stand, for a machine in which all of them held before.

        What was verified by starting each program holds as long as every other step does: `plan`,
        and any change, run those checks too.
        """
        from provision.engine import converge  # noqa: PLC0415
        from provision.report import SilentReport  # noqa: PLC0415

        return converge(
            transport, wish.without_checks, SilentReport(), dry_run=True, premise=watch.premise()
        )

    def _remember_converged(self, state: MachineState, wish: Wish) -> None:
        converged = msgspec.structs.replace(
            state,
            owner=wish.owner or state.owner,
            spec=state.spec or wish.shape(),
            pinned=True,
            converged=wish.digest,
            profiles=wish.profiles,
            cloned=wish.clones,
            reaching=dict(wish.reaching),
        )
        if converged != state:
            self.states.write(converged)
