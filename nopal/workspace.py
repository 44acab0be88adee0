"""Everything one run of a verb works with: places, projects, the driver, the screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .catalogue import Catalogue, find_own
from .errors import UnknownProject
from .lock import PATIENT, Command
from .paths import Paths
from .screen import Screen, screen_for

if TYPE_CHECKING:
    from guard.host_keys import PinStore
    from guard.repo_access import AccessCheck
    from guard.secrets.provider import Tools
    from guard.ssh_agent import AgentSocket, NoAgent
    from profiles.profile import Profile

    from .bake import Bakery
    from .checkpoints import Checkpoints
    from .driver import Driver
    from .keys import Keys
    from .logins import Logins
    from .machine import Machine
    from .preflight import Prepared
    from .project import Project
    from .project_secrets import ProjectSecrets
    from .report import Listener, Reporter
    from .ssh_hosts import SshHosts
    from .state import StateStore


HOST_ALIASES = {"192.168.5.2": "127.0.0.1", "host.lima.internal": "127.0.0.1"}
"""What a guest calls its host, and what the host calls itself."""
FORGE = "github.com"
"""The host whose part of the ssh configuration decides about agent and keys."""


@dataclass(frozen=True)
class Workspace:
    """The surroundings of one command, read once at the edge and passed down."""

    paths: Paths
    environ: Mapping[str, str]
    cwd: Path
    screen: Screen
    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}))
    """Profiles by name: nopal's, those of the `tasks.py` that is run, the person's own."""
    option_defaults: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Profile options of Invoke's configuration (`profiles:` in invoke.yaml)."""
    ssh_config: Path | None = None
    """What ssh reads about hosts that nopal did not make; None: the person's own."""
    command: Command = PATIENT

    @classmethod
    def open(
        cls,
        option_defaults: Mapping[str, Mapping[str, object]] | None = None,
        own_profiles: Iterable[Profile] = (),
        command: Command = PATIENT,
    ) -> Workspace:
        """Return the workspace of this process: its environment, directory and terminal."""
        from profiles.catalogue import load  # noqa: PLC0415 - not needed to list the tasks

        paths = Paths.from_environment(os.environ, is_root=os.geteuid() == 0, home=Path.home())
        return cls(
            paths=paths,
            environ=os.environ,
            cwd=Path.cwd(),
            screen=screen_for(sys.stderr),
            catalogue=Catalogue(load(), own_profiles, find_own(paths.own_profiles)),
            option_defaults=option_defaults or {},
            command=command,
        )

    @cached_property
    def driver(self) -> Driver:
        """What runs the machines."""
        from lima.driver import LimaDriver  # noqa: PLC0415
        from lima.host import detect  # noqa: PLC0415

        return LimaDriver.on(self.paths.lima, detect(), self.environ)

    @cached_property
    def states(self) -> StateStore:
        """What is remembered of each machine."""
        from .state import StateStore  # noqa: PLC0415

        return StateStore(self.paths.state, self.ssh_hosts.write)

    @cached_property
    def ssh_hosts(self) -> SshHosts:
        """The ssh configuration that tells of the machines."""
        from .ssh_hosts import SshHosts  # noqa: PLC0415

        return SshHosts(self.paths.ssh_hosts, self.paths.known_hosts)

    @cached_property
    def pins(self) -> PinStore:
        """The machines' host keys."""
        from guard.host_keys import PinStore  # noqa: PLC0415

        return PinStore(self.paths.known_hosts)

    @cached_property
    def keys(self) -> Keys:
        """The broker of the person's keys."""
        from .keys import Keys  # noqa: PLC0415

        return Keys(self.paths, self.environ)

    def project(self, name: str = "", flags: Mapping[str, object] | None = None) -> Project:
        """Return the project that is meant.

        Raises:
            ProjectTakenOver: the repo one stands in claims a machine that is not its own.
            ProjectError: a file or a name is wrong; nothing was started.
        """
        from .load import load_project  # noqa: PLC0415
        from .origin import origin_of  # noqa: PLC0415
        from .resolve import check_owner  # noqa: PLC0415

        try:
            found = load_project(
                name,
                paths=self.paths,
                cwd=self.cwd,
                origin_of=lambda root: origin_of(root, self.environ),
                flags=flags,
                owner_of=self._owner_of,
                fork_of=lambda machine: self.states.read(machine).fork_of,
            )
        except UnknownProject as error:
            error.has_machine = error.name in self.states.names()
            raise
        if found.name in self.states.names():
            check_owner(found, found.repo_root, self.states.read(found.name).owner)
        return found.over(self.option_defaults)

    def shared_names(self) -> list[str]:
        """Return the person's projects whose machine is for a whole folder of code."""
        from .load import project_names  # noqa: PLC0415

        names = project_names(self.paths)
        return [name for name in names if self.project(name).mode == "shared"]

    def projects(self, names: Sequence[str], *, everything: bool = False) -> tuple[Project, ...]:
        """Return the projects that are meant: those named, all of the person's, or the one here."""
        from .load import project_names  # noqa: PLC0415

        wanted = project_names(self.paths) if everything else split_names(names) or [""]
        return tuple(self.project(name) for name in wanted)

    def names(self, names: Sequence[str], *, everything: bool = False) -> tuple[str, ...]:
        """Return the names of the machines that are meant; a machine needs no project any more.

        With `everything`, all machines that exist.
        """
        if everything:
            return tuple(instance.name for instance in self.driver.list())
        wanted = split_names(names)
        known = set(self.states.names())
        return tuple(name if name in known else self._name(name) for name in wanted or [""])

    def _name(self, name: str) -> str:
        """Return the name of the project that is meant, or of a machine without one."""
        from lima.errors import LimactlMissing  # noqa: PLC0415

        try:
            return self.project(name).name
        except UnknownProject:
            try:
                if self.driver.instance(name) is not None:
                    return name
            except LimactlMissing:
                pass  # without it there are no machines
            raise

    def reporter(
        self, name: str, listener: Listener | None = None, *, log_name: str = ""
    ) -> Reporter:
        """Return what tells about one machine, to `listener` too."""
        from .report import Reporter  # noqa: PLC0415

        return Reporter(name, self.screen, self.paths.logs / f"{log_name or name}.log", listener)

    def agent(self, choice: str = "", host: str = FORGE) -> AgentSocket | NoAgent:
        """Return the SSH agent of this computer that the person means.

        `choice` is the project's `keys.agent`; `host` is the one whose part of the ssh
        configuration counts.
        """
        from guard.ssh_agent import choose_agent  # noqa: PLC0415
        from guard.ssh_config import read_ssh_config  # noqa: PLC0415

        config = read_ssh_config(host, self.environ, self.paths.user_home)
        return choose_agent(
            self.environ,
            self.paths.user_home,
            choice=choice,
            ssh_config_identity_agent=config.identity_agent,
        )

    def access(self, agent: AgentSocket | NoAgent) -> AccessCheck:
        """Return what has to be known to ask whether repos can be reached with the agent's keys."""
        from guard.repo_access import AccessCheck  # noqa: PLC0415

        socket = getattr(agent, "path", None)
        return AccessCheck(self.environ, self.paths.user_home, socket, HOST_ALIASES)

    def machine(self, name: str, reporter: Reporter) -> Machine:
        """Return the machine of that name, which need not exist."""
        from .machine import Machine  # noqa: PLC0415

        keys = self.keys.way(name, lambda: self.driver.reconnect(name))
        return Machine(
            name, lambda: self.driver, self.states, self.pins, reporter, keys, self.command
        )

    def secrets(self, project: Project, machine: Machine) -> ProjectSecrets:
        """Return what fetches the project's secrets and gives them to its machine."""
        from .project_secrets import ProjectSecrets  # noqa: PLC0415

        return ProjectSecrets(project, machine, self.tools, self.logins)

    @cached_property
    def logins(self) -> Logins:
        """The logins of agents that are kept here."""
        from guard.keys.vault import SystemKeyring  # noqa: PLC0415

        from .logins import Logins  # noqa: PLC0415

        return Logins(self.paths.home / "logins", SystemKeyring(self.environ))

    def give_secrets(self, project: Project, machine: Machine) -> None:
        """Bring the running machine the secrets it lacks. Raises as `ProjectSecrets.settle` does.

        Nothing is loaded for a project that has none, which most `up` are about.
        """
        had_some = (self.states.secrets / f"{machine.name}.json").exists()
        if project.secrets or project.agents or project.wants_secrets or had_some:
            self.secrets(project, machine).settle()

    def checkpoints(self, name: str, reporter: Reporter) -> Checkpoints:
        """Return the checkpoints of a machine, with its memory where that is to be kept."""
        from .checkpoints import Checkpoints  # noqa: PLC0415

        machine = self.machine(name, reporter)
        return Checkpoints(machine, keeps_memory=self._keeps_memory(name))

    def _keeps_memory(self, name: str) -> bool:
        from .errors import ProjectError  # noqa: PLC0415

        has_secrets = (self.states.secrets / f"{name}.json").exists()
        try:
            project = self.project(name)
        except ProjectError:  # a machine outlives its project
            return not has_secrets
        if project.checkpoint_memory == "auto":
            return not (has_secrets or project.secrets or project.agents)
        return project.checkpoint_memory == "always"

    @cached_property
    def tools(self) -> Tools:
        """This computer, as the stores of secrets are asked on it."""
        from guard.secrets.provider import Tools  # noqa: PLC0415

        return Tools(self.environ, self.paths.user_home)

    @contextmanager
    def machine_of(self, item: Prepared, reporter: Reporter) -> Iterator[Machine]:
        """Yield the machine of a checked project, with the keys that it may use given to it.

        Raises:
            BrokerUnreachable, BrokerRefused: its keys cannot be had.
        """
        with self.keys.connected(item.project):
            if item.keys is None:
                self.keys.take_away(item.name)
            else:
                self.keys.give(item.project, item.keys)
            if item.signer is not None:
                self.keys.signers.keep(item.signer)
            yield self.machine(item.name, reporter)

    def bakery(self, reporter: Reporter) -> Bakery:
        """Return what finds and makes golden machines, telling `reporter`."""
        from .bake import Bakery  # noqa: PLC0415

        return Bakery(
            self.driver, lambda name: self.machine(name, reporter), reporter, self.command
        )

    def for_each_machine(self, names: Sequence[str], work: Callable[[Machine], object]) -> None:
        """Call `work` on each machine, several at once.

        Raises:
            SomeFailed: one of several failed. A single machine's error is raised as it is.
        """
        from .many import for_each  # noqa: PLC0415

        def one(name: str) -> None:
            with self.reporter(name) as reporter:
                work(self.machine(name, reporter))

        for_each(names, str, one)

    def _owner_of(self, name: str) -> Path | None:
        owner = self.states.read(name).owner
        return Path(owner) if owner else None


def split_names(names: Sequence[str]) -> list[str]:
    """Return the names of a flag that may be repeated and may hold commas, each once."""
    parts = (part.strip() for name in names for part in name.split(","))
    return list(dict.fromkeys(part for part in parts if part))
