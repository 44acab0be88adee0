"""One machine through its life: made, started, converged, stopped, destroyed.

Every verb is idempotent: it looks at what is there and does what is missing, so that a run after
a killed one finishes its work.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from guard.host_keys import alias as host_key_alias
from lima.errors import UnsafeInstance
from provision.errors import GuestUnreachable, HostKeyChanged
from provision.step import Step
from provision.transport.address import SshAddress

from . import lost_work
from .driver import Driver
from .machine_errors import MachineError, NoSuchMachine, NotRunning
from .over_master import Glance, glance
from .ports import taken
from .report import Reporter
from .state import MachineState, Ssh, StateStore, remember
from .wish import Wish

if TYPE_CHECKING:
    from lima.goldens import Golden
    from lima.instance import Instance
    from provision.engine import Outcome
    from provision.transport.fabric import FabricTransport


class HostKeyPins(Protocol):
    """Where the machines' host keys are pinned."""

    @property
    def path(self) -> Path:
        """The known_hosts file."""

    def remove(self, machine: str) -> bool:
        """Forget the key of `machine`."""


@dataclass(frozen=True)
class Machine:
    """One machine by its name, with the means to work on it."""

    name: str
    open_driver: Callable[[], Driver]
    """Called when the driver is needed: a machine that answers at once needs none."""
    states: StateStore
    pins: HostKeyPins
    reporter: Reporter
    agent: Path | None = None
    """The host's SSH agent, forwarded to the steps and sessions that need it."""

    @property
    def driver(self) -> Driver:
        """What runs the machine."""
        return self.open_driver()

    def up(
        self,
        wish: Wish,
        *,
        prepare: Callable[[], None] = lambda: None,
        golden: Callable[[], Golden | None] = lambda: None,
        keep_going: bool = False,
    ) -> Outcome:
        """Make, start and converge the machine; return how the steps came out.

        `prepare` is called before slow work begins; not at all when the machine answers at once.
        `golden` is asked, when the machine has to be made, for what it can begin from.

        Raises:
            LimaError: the machine could not be made or started, or it is not as safe as asked.
            ConvergeError: it could not be reached, or a step failed.
        """
        with self._locked():
            state = self.states.read(self.name)
            seen = self._glance(state, wish, wish.without_checks)
            if seen.outcome is not None:
                self._tell_differences(state, wish)
                return self._as_seen(seen.outcome)
            transport = self._answering(state)
            if transport is None:
                prepare()
                state = self._start(state, wish, golden)
                transport = self._connect(self._address(state), accept_new=not state.pinned)
            else:
                self._tell_differences(state, wish)
            try:
                outcome = self._converge(transport, state, wish, keep_going=keep_going)
            finally:
                transport.close()
            self._judge_master(seen, outcome)
            return outcome

    def converge(self, wish: Wish, *, is_whole: bool = True, keep_going: bool = False) -> Outcome:
        """Bring the steps of a running machine about.

        `is_whole` tells whether `wish` is all that the machine shall be, or only a part of it.

        Raises:
            NoSuchMachine, NotRunning: there is nothing to converge.
            ConvergeError: it could not be reached, or a step failed.
        """
        with self._locked():
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
        if seen is not None:
            self._as_seen(seen)
            return ()
        transport = self._answering(state)
        if transport is None:
            instance = self.driver.instance(self.name)
            steps = f"converge {len(wish.steps)} steps of {', '.join(wish.profiles)}"
            if instance is None or instance.status == "Broken":
                shape = ", ".join(f"{field} {value}" for field, value in wish.shape().items())
                return (f"create the machine ({shape})", "start it", steps)
            if instance.status != "Running":
                return ("start the machine", steps)
            self.driver.assert_safe(instance, wish.spec)
            state = self._reached(state, instance)
            transport = self._connect(self._address(state), accept_new=not state.pinned)
        try:
            outcome = self._converge(transport, state, wish, dry_run=True)
        finally:
            transport.close()
        return tuple(
            f"{result.id}: {result.summary}" for result in outcome.results if result.status != "ok"
        )

    def reach(self, wish: Wish | None = None) -> tuple[MachineState, FabricTransport]:
        """Connect to the running machine, whose safety `wish` tells where it has to be asked for.

        Raises:
            NoSuchMachine, NotRunning, UnsafeInstance, GuestUnreachable.
        """
        state = self.states.read(self.name)
        transport = self._answering(state)
        if transport is not None:
            return state, transport
        instance = self.driver.instance(self.name)
        if instance is None:
            raise NoSuchMachine(self.name)
        if instance.status != "Running":
            raise NotRunning(self.name, instance.status.lower())
        if wish is not None:
            self.driver.assert_safe(instance, wish.spec)
        state = self._reached(state, instance)
        return state, self._connect(self._address(state), accept_new=not state.pinned)

    def quick_address(self) -> SshAddress | None:
        """Return where the machine was last reached, if something still listens there.

        Only the pinned host key proves that it is the machine, so a client must insist on it.
        """
        state = self.states.read(self.name)
        if state.ssh is None or not state.pinned:
            return None
        address = self._address(state)
        try:
            socket.create_connection((address.host, address.port), timeout=2).close()
        except OSError:
            return None
        return address

    def exists(self) -> bool:
        """Return whether there is such a machine, running or not."""
        return self.driver.instance(self.name) is not None

    def is_converged(self, wish: Wish) -> bool:
        """Return whether these very steps held when they were last looked at."""
        return self.states.read(self.name).converged == wish.digest

    def down(self, *, force: bool = False) -> bool:
        """Stop the machine; return False when it was not running."""
        with self._locked():
            instance = self.driver.instance(self.name)
            if instance is None:
                raise NoSuchMachine(self.name)
            if instance.status == "Stopped":
                return False
            with self.reporter.activity("stopping"):
                self.driver.stop(self.name, force=force)
            self._forget_address()
            return True

    def end_if_running(self) -> None:
        """Cut the power of a machine that runs; any other is left alone."""
        with self._locked():
            instance = self.driver.instance(self.name)
            if instance is not None and instance.status != "Stopped":
                self.driver.stop(self.name, force=True)
                self._forget_address()

    def what_would_be_lost(self) -> tuple[lost_work.LostWork, ...] | None:
        """Ask the machine for work that is nowhere else; None when it can't be asked."""
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
        with self._locked():
            existed = self.driver.instance(self.name) is not None
            if existed:
                with self.reporter.activity("destroying"):
                    self.driver.delete(self.name)
            self.pins.remove(self.name)
            self.states.remove(self.name)
            return existed

    def _locked(self) -> AbstractContextManager[None]:
        return self.states.locked(
            self.name,
            lambda: self.reporter.say("waiting for another nopal command on this machine"),
        )

    def _glance(self, state: MachineState, wish: Wish, steps: Sequence[Step]) -> Glance:
        """Look at `steps` over Lima's SSH master, where all of the wish held before."""
        if state.ssh is None or not state.pinned or state.converged != wish.digest:
            return Glance()
        log = self.reporter.stream()
        return glance(self._address(state), steps, log, poor=state.poor_master)

    def _as_seen(self, outcome: Outcome) -> Outcome:
        """Report what a look found, all being as it should be."""
        for result in outcome.results:
            self.reporter.step_ends(result)
        self.reporter.sums_up(outcome)
        return outcome

    def _judge_master(self, seen: Glance, outcome: Outcome) -> None:
        """Remember a master that saw faults where a login of our own saw none."""
        state = self.states.read(self.name)
        if seen.master and not outcome.changed and seen.master != state.poor_master:
            self.states.write(msgspec.structs.replace(state, poor_master=seen.master))

    def _answering(self, state: MachineState) -> FabricTransport | None:
        """Connect where the machine was last reached; None when it has to be looked for."""
        if state.ssh is None or not state.pinned:
            return None
        try:
            return self._connect(self._address(state), accept_new=False, timeout_s=10)
        except (GuestUnreachable, HostKeyChanged):
            return None

    def _start(
        self, state: MachineState, wish: Wish, golden: Callable[[], Golden | None]
    ) -> MachineState:
        """Return the state of the machine once it runs and is as safe as asked."""
        instance = self.driver.instance(self.name)
        if instance is None:
            state = MachineState(name=self.name, owner=wish.owner, spec=wish.shape())
            self.pins.remove(self.name)
            self.states.write(state)
        if instance is None or instance.status == "Broken":
            # A broken one that has a disk is kept: only what never got one is made anew.
            begin = golden()
            with self.reporter.activity("creating the machine") as on_line:
                self.driver.create(wish.spec, on_line, begin)
        elif instance.status != "Running":
            self.driver.update(wish.spec)
            state = msgspec.structs.replace(state, spec=wish.shape() | self._kept(state))
        self._tell_differences(state, wish)
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
        return self._reached(state, instance)

    def _reached(self, state: MachineState, instance: Instance) -> MachineState:
        """Remember how to log in to the running `instance`."""
        state = msgspec.structs.replace(state, ssh=remember(self.driver.ssh(instance)))
        self.states.write(state)
        if not state.pinned:
            self.pins.remove(self.name)
        return state

    def _tell_taken_ports(self, wish: Wish) -> None:
        for forward in taken(wish.spec.forwards):
            self.reporter.say(
                f"port {forward.host} of this computer is in use, so port {forward.guest} of the"
                " machine will not be there; free it, or choose another in `ports`"
            )

    def _kept(self, state: MachineState) -> dict[str, str]:
        """Return what no update changes: the disk was made from the image, in its size."""
        return {field: state.spec[field] for field in ("image", "disk") if field in state.spec}

    def _tell_differences(self, state: MachineState, wish: Wish) -> None:
        """Say what the files ask for that a running machine does not have yet."""
        wanted = wish.shape()
        for field, had in state.spec.items():
            if wanted.get(field, had) != had:
                verbs = ("destroy", "up") if field in {"image", "disk"} else ("restart",)
                fix = ", ".join(f"inv {verb} -p {self.name}" for verb in verbs)
                self.reporter.say(f"{field} is {had} and not {wanted[field]} until: {fix}")

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

        if state.converged == wish.digest and not dry_run:
            outcome = self._look_again(transport, wish)
            if outcome.is_converged:
                return outcome
        self.reporter.log(f"{len(wish.steps)} steps")
        outcome = converge(
            transport,
            wish.steps,
            self.reporter,
            dry_run=dry_run,
            keep_going=keep_going,
            requires=wish.requires,
            log=self.reporter.stream(),
        )
        self.reporter.sums_up(outcome)
        if dry_run:
            return outcome
        outcome.raise_for_failure()
        if remember:
            self._remember_converged(state, wish)
        return outcome

    def _look_again(self, transport: FabricTransport, wish: Wish) -> Outcome:
        """Return how the steps stand, for a machine in which all of them held before.

        What was verified by starting each program holds as long as every other step does: `plan`,
        and any change, run those checks too.
        """
        from provision.engine import converge  # noqa: PLC0415
        from provision.report import SilentReport  # noqa: PLC0415

        return converge(transport, wish.without_checks, SilentReport(), dry_run=True)

    def _remember_converged(self, state: MachineState, wish: Wish) -> None:
        converged = msgspec.structs.replace(
            state,
            owner=wish.owner or state.owner,
            spec=state.spec or wish.shape(),
            pinned=True,
            converged=wish.digest,
            profiles=wish.profiles,
            cloned=wish.clones,
        )
        if converged != state:
            self.states.write(converged)

    def _forget_address(self) -> None:
        state = self.states.read(self.name)
        if state.ssh is not None:
            self.states.write(msgspec.structs.replace(state, ssh=None))

    def _address(self, state: MachineState) -> SshAddress:
        if state.ssh is None:
            raise NotRunning(self.name, "not reached yet")
        return with_pins(state.ssh, self.pins.path, host_key_alias(self.name))

    def _connect(
        self, address: SshAddress, *, accept_new: bool, timeout_s: float = 60
    ) -> FabricTransport:
        from provision.transport.fabric import connect_fabric  # noqa: PLC0415 - Fabric costs 60 ms

        return connect_fabric(
            address, agent_socket=self.agent, accept_new=accept_new, timeout_s=timeout_s
        )


def with_pins(ssh: Ssh, pins: Path, alias: str) -> SshAddress:
    """Return the remembered address, to be trusted only with the host key pinned as `alias`."""
    return replace(
        SshAddress(host=ssh.host, port=ssh.port, user=ssh.user),
        identity_file=Path(ssh.identity_file) if ssh.identity_file else None,
        known_hosts=pins,
        host_key_alias=alias,
        control_path=Path(ssh.control_path) if ssh.control_path else None,
    )
