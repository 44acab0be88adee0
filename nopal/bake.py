"""Making goldens: a machine is made in nobody's name, converged, emptied of identity, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lima.errors import LimaError
from provision.errors import ConvergeError, GuestUnreachable
from provision.shell import quote

from . import anonymise, credentials, rekey
from .golden import bake_name, golden_of, golden_wish
from .lock import PATIENT, Command, locked
from .machine_errors import MachineError

if TYPE_CHECKING:
    from lima.goldens import Golden

    from .driver import Driver
    from .machine import Machine
    from .project import Project
    from .report import Reporter
    from .wish import Wish
    from .workspace import Workspace

_SHOWN = 10
_FOUND = "credentials:"


@dataclass(eq=False)
class GoldenRefused(MachineError):
    """What was to be a golden holds credentials."""

    files: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.files[:_SHOWN]) + (", …" if len(self.files) > _SHOWN else "")
        return (
            f"no golden is kept, since credentials are in it: {shown}\n"
            "Find the profile that writes them; what is secret does not belong into a profile."
        )


@dataclass(eq=False)
class NotAnonymous(MachineError):
    """What was to be a golden could not be emptied of its identity."""

    reason: str

    def __str__(self) -> str:
        return f"no golden is kept, since its identity could not be taken out: {self.reason}"


@dataclass(frozen=True)
class Bakery:
    """Finds goldens, and makes those that are missing."""

    driver: Driver
    machine: Callable[[str], Machine]
    """Returns the machine of a name."""
    reporter: Reporter
    command: Command = PATIENT

    def golden_for(self, wish: Wish, *, resumes: bool = True) -> Golden | None:
        """Return the golden that `wish` describes, made on the way where there is none.

        For a machine that `resumes`, memory is kept with one that is made. A golden is only a
        cache: where it cannot be made, that is said and None is returned.
        """
        try:
            return self._bake(wish, resumes=resumes)
        except (LimaError, ConvergeError, MachineError) as error:
            self.reporter.say(f"goes on without a golden machine: {error}")
            return None

    def bake(self, wish: Wish, *, refresh: bool = False) -> Golden:
        """Return the golden that `wish` describes; with `refresh`, made anew in any case.

        Where its memory is missing, that is made anew too.

        Raises:
            GoldenRefused, NotAnonymous: it may not be kept.
            LimaError, ConvergeError: the machine in which it is made does not come about.
        """
        return self._bake(wish, refresh=refresh, is_asked=True)

    def _bake(
        self,
        wish: Wish,
        *,
        refresh: bool = False,
        is_asked: bool = False,
        resumes: bool = True,
    ) -> Golden:
        wanted = golden_of(wish, self.driver.base(wish.spec))
        goldens = self.driver.goldens
        goldens.folder.mkdir(parents=True, exist_ok=True)
        # Beside the goldens: whoever shares them waits for the same lock.
        on_wait = self.command.told("the same golden machine", self.reporter.say)
        with locked(goldens.lock_file(wanted.key), on_wait, self.command.verb):
            found = None if refresh else goldens.exact(wanted)
            if found is None:
                self._make(wish, wanted, None if refresh else goldens.nearest(wanted))
            # Who only wants a machine gets it sooner by a boot of it than by one more of ours.
            if is_asked or (found is None and resumes):
                self._see_to_sleeper(wish, found or wanted)
            return found or wanted

    def _see_to_sleeper(self, wish: Wish, golden: Golden) -> None:
        """Keep the memory of a booted machine with `golden`, where the driver can and has none."""
        if wish.spec.vm_type != "qemu" or self.driver.sleepers.has(wish.spec, golden):
            return
        machine = self.machine(bake_name(golden))
        spec = replace(wish.spec, name=machine.name)
        self.reporter.say("booting it once, and new machines resume instead of booting")
        try:
            machine.destroy()
            with machine.booted(replace(wish, spec=spec), golden) as guest:
                let_in = rekey.quiet(guest)
            with self.reporter.activity("keeping its memory"):
                self.driver.sleepers.keep(
                    spec,
                    golden,
                    private_key=let_in.private_key,
                    host_key=let_in.host_key.line,
                )
        except (ConvergeError, LimaError, MachineError) as error:
            self.reporter.say(f"new machines will boot, since no memory could be kept: {error}")
        finally:
            machine.destroy()

    def _make(self, wish: Wish, wanted: Golden, nearest: Golden | None) -> None:
        self.reporter.say(
            f"making a golden machine for {', '.join(wish.profiles)}: once, and new machines"
            " begin from it"
        )
        machine = self.machine(bake_name(wanted))
        # One that was cut short may let nobody in any more until its next boot.
        machine.end_if_running()
        spec = replace(wish.spec, name=machine.name)
        try:
            machine.up(replace(wish, spec=spec), golden=lambda: nearest)
            self._take_identity(machine)
            machine.down()
            with self.reporter.activity("keeping the golden machine"):
                self.driver.keep(machine.name, wanted)
        except (ConvergeError, LimaError, MachineError):
            # What it holds is in doubt, so the next one begins anew.
            machine.destroy()
            raise
        machine.destroy()

    def _take_identity(self, machine: Machine) -> None:
        """Empty the guest of what is its own, then look for what nobody may get."""
        with self.reporter.activity("taking the identity out of the golden machine"):
            # By one login: the first script takes away what the next would need.
            script = f"{anonymise.script()}\necho {_FOUND}\n{credentials.script()}"
            lines = _as_root(machine, script)
        found = tuple(lines[lines.index(_FOUND) + 1 :])
        if found:
            raise GoldenRefused(found)


def golden_on_demand(
    workspace: Workspace, project: Project, reporter: Reporter
) -> Callable[[], Golden | None]:
    """Return what `Machine.up` asks for a golden when the machine of `project` has to be made."""

    def golden() -> Golden | None:
        bakery = workspace.bakery(reporter)
        # A machine with mounts has another shape than any memory that is kept: it boots.
        return bakery.golden_for(golden_wish(workspace, project), resumes=not project.mounts)

    return golden


def _as_root(machine: Machine, script: str) -> list[str]:
    """Return the lines that `script` writes. Raises `NotAnonymous` where it fails."""
    lines: list[str] = []
    _state, transport = machine.reach()
    try:
        status = transport.run(f"sudo -n sh -c {quote(script)}", lines.append)
    except GuestUnreachable as error:
        raise NotAnonymous(str(error)) from error
    finally:
        transport.close()
    if status != 0:
        raise NotAnonymous(lines[-1] if lines else f"exit status {status}")
    return lines
