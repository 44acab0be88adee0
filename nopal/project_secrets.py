"""The secrets of one project's machine: fetched on the host, given, compared, taken away."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from guard.secrets import names
from guard.secrets.fetch import Fetched, SecretsFailed, Wanted, fetch
from guard.secrets.provider import Tools
from guard.secrets.secret import Secret
from provision.errors import GuestUnreachable
from provision.transport.openssh import OpenSshTransport, is_master_alive

from . import secret_delivery
from .machine_errors import NotRunning
from .secret_files import render
from .secret_notes import GivenLogin, SecretNote, SecretNotes, digest

if TYPE_CHECKING:
    from .logins import Kept, Logins
    from .machine import Machine
    from .project import Project
    from .secret_delivery import Runs
    from .secret_files import Sets

_Answer = TypeVar("_Answer")
_ANSWERS_WITHIN_S = 10


@dataclass(frozen=True)
class Difference:
    """How what a machine has differs from what would be fetched now."""

    sign: str
    """`+` would come, `-` would go, `~` has another value."""
    name: str
    folder: str = ""


@dataclass(frozen=True)
class ProjectSecrets:
    """The secrets of one machine, as its project wants them."""

    project: Project
    machine: Machine
    tools: Tools
    logins: Logins
    clock: Callable[[], float] = field(default=time.time, repr=False)

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """All that the machine shall get: logins, and secrets."""
        return (*(wanted for _, wanted in self._logins), *self.project.secrets)

    @property
    def _logins(self) -> tuple[tuple[Kept, Wanted], ...]:
        # A secret that the person's table calls by the same name is meant more exactly.
        own = {one.name for one in self.project.secrets if not one.folder}
        found = self.logins.wanted(self.project.agents)
        return tuple((kept, wanted) for kept, wanted in found if kept.variable not in own)

    @property
    def note(self) -> SecretNote | None:
        """What it got last."""
        return self._notes.read(self.machine.name)

    def held_note(self) -> SecretNote | None:
        """Return what is in the machine's memory now, as far as it says; None for nothing."""
        note = self.note
        if note is None or self.machine.quick_address() is None:
            return None
        return note if self._has(note) else None

    def settle(self) -> None:
        """Bring the running machine what it lacks: one look where it lacks nothing.

        Raises:
            SecretsFailed: some could not be fetched; it has the others.
            NotDelivered, ConvergeError, MachineError: it could not be given them.
        """
        if self.wanted:
            if not self.are_there():
                self.refresh()
        elif self.note is not None:
            self.clear()
        self._tell_missing()

    def are_there(self) -> bool:
        """Return whether the running machine has what is wanted, as it was last fetched."""
        note = self.note
        if note is None or note.wanted != self._digest:
            return False
        return self._has(note)

    def refresh(self, folder: str | None = None) -> None:
        """Fetch and give all secrets, or those of one repo. Raises as `settle` does."""
        # Nobody is asked to unlock anything for a machine that can't be given it.
        self._looked(secret_delivery.mark_in)
        wanted = self._of(folder)
        fetched = self._fetch(wanted)
        sets: dict[str, Mapping[str, Secret]] = dict(fetched.sets)
        if folder is not None:
            sets = {**self._held(but=folder), **sets}
        is_whole = not fetched.failures and (folder is None or self.are_there())
        if not fetched.sets and fetched.failures:
            raise SecretsFailed(fetched.failures, len(wanted))
        self._give(sets, self._digest if is_whole else "")
        if fetched.failures:
            raise SecretsFailed(fetched.failures, len(wanted))

    def differences(self, folder: str | None = None) -> tuple[Difference, ...]:
        """Fetch, and compare with what the running machine has; nothing is changed.

        Raises:
            SecretsFailed: some could not be fetched, so nothing can be said.
            NotDelivered, ConvergeError, MachineError: the machine can't be asked.
        """
        wanted = self._of(folder)
        held = self._looked(lambda guest: secret_delivery.held_in(guest, self.machine.name))
        fetched = self._fetch(wanted)
        if fetched.failures:
            raise SecretsFailed(fetched.failures, len(wanted))
        if folder is not None:
            held = {folder: held.get(folder, {})}
        return tuple(_compare(held, fetched.sets))

    def clear(self, folder: str | None = None) -> None:
        """Take all secrets out of the running machine, or those of one repo.

        Raises:
            NotDelivered, ConvergeError, MachineError: it could not be done.
        """
        if folder is not None:
            self._give(self._held(but=folder), "")
            return
        with self.machine.locked():
            try:
                with self._login() as guest:
                    secret_delivery.take(guest, self.machine.name)
                    self._link(guest, ())
            except NotRunning:
                self.machine.reporter.log("it does not run, so its memory holds nothing")
            self._notes.remove(self.machine.name)

    def forget_login(self, label: str) -> None:
        """Take a login out of the running machine, whatever project files say; nothing is fetched.

        Raises:
            NotDelivered, ConvergeError, MachineError: it could not be done.
        """
        note = self.note
        given = [one for one in note.logins if one.label == label] if note else []
        if not given or self.machine.quick_address() is None:
            return  # the memory of a machine that does not run holds nothing
        gone = {one.variable for one in given}
        held = self._held()
        own = {name: value for name, value in held.pop("", {}).items() if name not in gone}
        self._give({**({"": own} if own else {}), **held}, "")

    @property
    def _notes(self) -> SecretNotes:
        return SecretNotes(self.machine.states.secrets)

    @property
    def _digest(self) -> str:
        return digest(self.wanted, dotenv=self.project.secrets_dotenv)

    def _has(self, note: SecretNote) -> bool:
        return self._looked(secret_delivery.mark_in) == note.mark

    def _of(self, folder: str | None) -> Sequence[Wanted]:
        return [one for one in self.wanted if folder is None or one.folder == folder]

    def _fetch(self, wanted: Sequence[Wanted]) -> Fetched:
        with self.tools.turn:
            fetched = fetch(wanted, self.tools)
        for line in fetched.left_out:
            self.machine.reporter.say(f"the secret {line}, so it is left out")
        return fetched

    def _held(self, *, but: str | None = None) -> dict[str, Mapping[str, Secret]]:
        """Return what the guest says it has; it gets nothing else back than that."""
        held = self._looked(lambda guest: secret_delivery.held_in(guest, self.machine.name))
        known = {one.folder for one in self.wanted} - {but}
        return {
            folder: {name: value for name, value in own.items() if not names.problem(name)}
            for folder, own in held.items()
            if folder in known
        }

    def _give(self, sets: Sets, wanted: str) -> None:
        mark = secrets.token_hex(8)
        files = render(sets, mark, dotenv=self.project.secrets_dotenv)
        with self.machine.locked(), self._login() as guest:
            secret_delivery.give(guest, self.machine.name, files)
            given = {folder: tuple(own) for folder, own in sets.items()}
            logins = tuple(
                GivenLogin(kept.label, kept.variable, kept.file)
                for kept, _ in self._logins
                if kept.variable in given.get("", ())
            )
            self._link(guest, logins)
            note = SecretNote(
                mark=mark, since=int(self.clock()), names=given, wanted=wanted, logins=logins
            )
            self._notes.write(self.machine.name, note)
        count = sum(map(len, given.values()))
        self.machine.reporter.say(f"{count} secrets are in its memory")

    def _link(self, guest: Runs, logins: Sequence[GivenLogin]) -> None:
        """Let the files in which agents look for their logins be those of `logins` alone."""
        before = self.note.logins if self.note else ()
        links = {one.file: "" for one in before} | {one.file: one.variable for one in logins}
        links.pop("", None)
        if links:
            secret_delivery.link(guest, self.machine.name, links)

    def _looked(self, look: Callable[[Runs], _Answer]) -> _Answer:
        """Return what a look comes to: over the live SSH master where there is one."""
        state = self.machine.states.read(self.machine.name)
        if state.ssh is not None and state.pinned:
            address = self.machine.way_in.address(state)
            if is_master_alive(address.control_path):
                try:
                    return look(OpenSshTransport(address, answers_within_s=_ANSWERS_WITHIN_S))
                except GuestUnreachable as error:
                    self.machine.reporter.log(f"the SSH master is of no use: {error}")
        with self._login() as guest:
            return look(guest)

    @contextmanager
    def _login(self) -> Iterator[Runs]:
        _state, transport = self.machine.reach()
        try:
            yield transport
        finally:
            transport.close()

    def _tell_missing(self) -> None:
        """Say which logins the project chooses in vain, or what its repo asks for in vain."""
        for agent, name in self.logins.missing(self.project.agents):
            self.machine.reporter.say(
                f"no login {name} of {agent} is kept here: inv login {agent} --name {name}"
            )
        note = self.note
        given = {one.name for one in self.wanted}
        given |= {name for own in note.names.values() for name in own} if note else set()
        for name in self.project.wants_secrets:
            if name not in given:
                self.machine.reporter.say(
                    f"the repo asks for the secret {name}, which it does not get; to give it:"
                    f' {name} = "…" under [projects.{self.project.name}.secrets]'
                    f" in {self.project.person_file}"
                )


def _compare(held: Sets, fetched: Sets) -> Iterator[Difference]:
    for folder in sorted({*held, *fetched}):
        old, new = held.get(folder, {}), fetched.get(folder, {})
        for name in sorted({*old, *new}):
            if name not in old:
                yield Difference("+", name, folder)
            elif name not in new:
                yield Difference("-", name, folder)
            elif old[name] != new[name]:
                yield Difference("~", name, folder)
