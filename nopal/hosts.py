"""Hosts that nopal did not make: profiles on any Debian or Ubuntu that SSH reaches, without Lima.

Such a host belongs to its people. The profile `base`, which sets clock, language and shells and
tells agents that they may break things, is for nopal's own machines only; coding agents ask before
they act; no SSH agent is forwarded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guard.forges import known_hosts_text
from profiles.catalogue import resolve
from profiles.guest import Guest
from profiles.profile import Profile
from provision.engine import Outcome, converge
from provision.errors import SudoRefused, UnsupportedGuest
from provision.look import Premise, PremiseFailed, look
from provision.select import Selection
from provision.step import Step
from provision.steps.apt import Apt
from provision.transport import Transport
from provision.transport.choose import reach
from provision.transport.ssh_config import SshConfig
from provision.transport.target import Target, parse_target

from .errors import ProjectError
from .host_memory import SHELL, HostMemory, Seen
from .lock import locked
from .machine_errors import MachineError
from .workspace import split_names

if TYPE_CHECKING:
    from .report import Reporter
    from .workspace import Workspace

TOOLS = ("ca-certificates", "curl", "gnupg", "unzip", "xz-utils")
"""What profiles take from `base` in order to get their own programs."""
SYSTEMS = ("debian", "ubuntu")


@dataclass(eq=False)
class NoProfilesNamed(ProjectError):
    """A host has no project file that would name its profiles."""

    host: str

    def __str__(self) -> str:
        return f"no profiles are named for {self.host}\n  add them: --profiles docker,node"


@dataclass(eq=False)
class BaseRefused(ProjectError):
    """The profile of nopal's own machines, asked for on somebody's host."""

    host: str

    def __str__(self) -> str:
        return (
            f"the profile `base` is not for {self.host}, which nopal did not make\n"
            "  leave it out: what the other profiles need of it is brought along"
        )


@dataclass(eq=False)
class PasswordNeeded(MachineError):
    """sudo asks for a password, and none was given."""

    host: str
    user: str

    def __str__(self) -> str:
        return (
            f"sudo wants the password of `{self.user}` on {self.host}\n"
            "be asked for it: --ask-sudo; or allow it without one, by NOPASSWD in sudoers"
        )


@dataclass(frozen=True)
class HostWish:
    """What shall hold on the hosts."""

    profiles: tuple[Profile, ...]
    options: Mapping[str, Mapping[str, object]]
    selection: Selection

    def steps(self, guest: Guest) -> tuple[Step, ...]:
        """Return the steps for `guest`.

        Raises:
            ProfileError: an option is wrong.
            NothingSelected: the selection fits no step.
        """
        tools = [Apt(name, tags=("tools",)) for name in TOOLS]
        declared = [
            step
            for profile in self.profiles
            for step in profile.steps(self.options.get(profile.label, {}), guest)
        ]
        return self.selection.of((*tools, *declared))


def wish_for(
    workspace: Workspace, hosts: Sequence[Target], profiles: str, selection: Selection
) -> HostWish:
    """Return what shall hold on `hosts`; all that can be wrong without them is found here.

    Raises:
        NoProfilesNamed: `profiles` is empty.
        BaseRefused: `base` is among them.
        ProfileError: a profile is unknown, or its options are wrong.
        NothingSelected: the selection fits no step.
    """
    names = split_names([profiles])
    if not names:
        raise NoProfilesNamed(str(hosts[0]))
    if "base" in names:
        raise BaseRefused(str(hosts[0]))
    found = resolve(names, workspace.catalogue)
    wanted = tuple(profile for profile in found if profile.label != "base")
    wish = HostWish(wanted, workspace.option_defaults, selection)
    wish.steps(Guest("host"))
    return wish


def targets(typed: Sequence[str]) -> tuple[Target, ...]:
    """Return the hosts of a flag that may be repeated and may hold commas.

    Raises:
        BadTarget: one of them names no host.
    """
    return tuple(parse_target(name) for name in split_names(typed))


def label(target: Target) -> str:
    """Return a name for the host's log and lock, fit for a file."""
    return re.sub(r"[^\w.@-]", "_", str(target))


@dataclass(frozen=True)
class Host:
    """One host, with the means to work on it."""

    target: Target
    workspace: Workspace
    reporter: Reporter
    sudo_password: str = field(default="", repr=False)

    def converge(self, wish: HostWish, *, keep_going: bool = False, dry: bool = False) -> Outcome:
        """Bring the wish about, or with `dry` only look; a step that failed is in the outcome.

        Raises:
            ConvergeError: the host could not be reached, is no Debian or Ubuntu, or refuses sudo.
            PasswordNeeded: sudo asks, and there is no password.
        """
        with self.reached() as transport:
            outcome = self._converge(transport, wish, keep_going=keep_going, dry=dry)
        self.reporter.sums_up(outcome)
        return outcome

    @contextmanager
    def reached(self) -> Iterator[Transport]:
        """Yield the way into the host, under its lock.

        Raises: see `converge`.
        """
        locks = self.workspace.paths.locks / "hosts"
        locks.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = self.workspace.command
        on_wait = command.told(str(self.target), self.reporter.say)
        with locked(locks / f"{label(self.target)}.lock", on_wait, command.verb):
            config = SshConfig(self.workspace.environ, self.workspace.ssh_config)
            transport = reach(self.target, config)
            try:
                yield transport
            except SudoRefused as error:
                if error.why == "needs a password":
                    raise PasswordNeeded(str(self.target), error.user) from error
                raise
            finally:
                transport.close()

    def _converge(
        self, transport: Transport, wish: HostWish, *, keep_going: bool, dry: bool
    ) -> Outcome:
        def by(seen: Seen, premise: Premise | None = None) -> Outcome:
            outcome = converge(
                transport,
                wish.steps(guest_for(self.target, seen)),
                self.reporter,
                dry_run=dry,
                keep_going=keep_going,
                requires={profile.label: profile.requires for profile in wish.profiles},
                log=self.reporter.stream(),
                sudo_password=self.sudo_password,
                premise=premise,
            )
            memory.write(seen)
            return outcome

        # A host that is known costs one exec when it is as it should be, not one to know it too.
        memory = HostMemory(self.workspace.paths.state / "hosts" / f"{label(self.target)}.json")
        known = memory.read()
        if known is None:
            return by(Seen.of(*look(transport, [SHELL])))
        try:
            return by(known, Premise((SHELL,), lambda *said: Seen.of(*said) == known))
        except PremiseFailed as found:
            return by(Seen.of(found.facts, found.answers))


def guest_at(transport: Transport, target: Target) -> Guest:
    """Ask a host, in one exec, for what profiles may know of it.

    Raises:
        UnsupportedGuest: it is no Debian or Ubuntu.
    """
    return guest_for(target, Seen.of(*look(transport, [SHELL])))


def guest_for(target: Target, seen: Seen) -> Guest:
    """Return what profiles may know of a host.

    Raises:
        UnsupportedGuest: it is no Debian or Ubuntu.
    """
    if seen.distribution not in SYSTEMS:
        # The engine would do, but profiles add the repositories of these two alone.
        reason = f"{target} runs {seen.distribution}; profiles are for Debian and Ubuntu."
        raise UnsupportedGuest(reason)
    return Guest(
        name=target.host,
        distribution=seen.distribution,
        user=seen.user,
        home=seen.home,
        machine=seen.machine,
        shell="zsh" if seen.shell == "zsh" else "fish" if seen.shell == "fish" else "bash",
        autonomy="ask",
        ports="none",
        known_hosts=known_hosts_text(),
    )
