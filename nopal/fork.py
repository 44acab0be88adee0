"""A second machine that goes on from the disk of a first one, which goes on, too.

Until the second has an identity of its own nobody may use it: it has no state, so no verb knows it,
only a mark by which the next `fork`, or `prune`, clears away what a killed one left.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from guard.host_keys import alias as host_key_alias
from provision.errors import GuestUnreachable
from provision.shell import quote
from provision.transport.dial import connect_fabric

from . import new_identity
from .assemble import machine_spec
from .checkpoints import Checkpoints
from .half_forks import half_forks
from .load import project_names
from .machine_errors import MachineError
from .names import DEFAULT_NAME, host_name, name_problem
from .rekey import SEED_BYTES
from .state import MachineState, Ssh, remember
from .way_in import with_pins
from .wish import Wish

if TYPE_CHECKING:
    from lima.spec import MachineSpec

    from .machine import Machine
    from .project import Project
    from .report import Reporter
    from .workspace import Workspace


@dataclass(eq=False)
class ForkRefused(MachineError):
    """The second machine cannot be made."""

    name: str
    reason: str
    exit_status = 2

    def __str__(self) -> str:
        return f"no fork {self.name}: {self.reason}"


@dataclass(frozen=True)
class Fork:
    """One fork, of the machine of `source`, to be called `name`."""

    workspace: Workspace
    source: Project
    name: str
    reporter: Reporter

    def make(self) -> bool:
        """Make it, running; return whether the first machine had to be stopped for it.

        Raises:
            ForkRefused: the name is taken, or the first machine was never converged.
            LimaError: it could not be made or started.
            ConvergeError: it did not get an identity of its own.
        """
        self._check_name()
        states, machine = self.workspace.states, self._machine(self.name)
        parent = states.read(self.source.name)
        if not parent.pinned:
            raise ForkRefused(self.name, f"{self.source.name} was never up; inv up first")
        keys = self._machine(self.name).keys
        spec = replace(
            machine_spec(replace(self.source, name=self.name)),
            agent_socket=keys.socket if keys else None,
        )
        half = half_forks(states)
        with machine.locked():
            half.clear(machine)
            if machine.exists():
                raise ForkRefused(self.name, "there is a machine of that name")
            with half.marked(machine):
                was_stopped = self._copy(spec)
                ssh = self._boot(spec)
                self._make_itself(ssh)
                states.write(
                    MachineState(
                        name=self.name,
                        owner=parent.owner,
                        spec=Wish(spec, ()).shape(),
                        ssh=ssh,
                        pinned=True,
                        profiles=parent.profiles,
                        cloned=parent.cloned,
                        fork_of=parent.fork_of or self.source.name,
                    )
                )
        return was_stopped

    def _machine(self, name: str) -> Machine:
        return self.workspace.machine(name, self.reporter)

    def _check_name(self) -> None:
        paths = self.workspace.paths
        problem = name_problem(self.name, paths.lima.home)
        if problem:
            raise ForkRefused(self.name, problem)
        taken = {DEFAULT_NAME, *project_names(paths), *self.workspace.states.names()}
        twins = [name for name in sorted(taken) if host_name(name) == host_name(self.name)]
        if twins:
            raise ForkRefused(self.name, f"there is a project or a machine {twins[0]}")

    def _copy(self, spec: MachineSpec) -> bool:
        checkpoints = Checkpoints(self._machine(self.source.name))
        with (
            checkpoints.passing() as (checkpoint, was_stopped),
            self.reporter.activity(f"copying the disk of {self.source.name}") as on_line,
        ):
            self.workspace.driver.fork(self.source.name, checkpoint, spec, on_line)
        return was_stopped

    def _boot(self, spec: MachineSpec) -> Ssh:
        driver = self.workspace.driver
        with self.reporter.activity("starting") as on_line:
            driver.start(self.name, on_line, keeps_git=spec.keeps_git)
        instance = driver.instance(self.name)
        if instance is None:
            raise ForkRefused(self.name, "it was removed while it was being made")
        driver.assert_safe(instance, spec)
        return remember(driver.ssh(instance))

    def _make_itself(self, ssh: Ssh) -> None:
        """Give it an identity of its own, and pin its new host keys."""
        with self.reporter.activity("giving it an identity of its own"):
            lines: list[str] = []
            # It still shows the host key of the first machine, which proves that it is the copy.
            if self._run(ssh, self.source.name, new_identity.SCRIPT, lines) != 0:
                raise GuestUnreachable(self.name, lines[-1] if lines else "it said nothing")
            keys = new_identity.read_keys(lines, self.name)
            if not keys:
                raise GuestUnreachable(self.name, "it did not tell its new host keys")
            pins = self.workspace.pins
            pins.remove(self.name)
            pins.add(self.name, *keys)
            if self._run(ssh, self.name, "true", lines) != 0:
                raise GuestUnreachable(self.name, "root cannot be had in it")

    def _run(self, ssh: Ssh, pinned_as: str, script: str, lines: list[str]) -> int:
        address = with_pins(ssh, self.workspace.pins.path, host_key_alias(pinned_as))
        transport = connect_fabric(address, timeout_s=60)
        try:
            seed = secrets.token_hex(SEED_BYTES)
            return transport.run(f"sudo -n sh -c {quote(script)}", lines.append, secret=seed)
        finally:
            transport.close()
