"""Standing in a project's machine: the person's own `ssh`, with nothing of theirs in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .machine_errors import MachineError, NotRunning
from .renew_keys import renew
from .report import one_line_summary
from .ssh_command import ssh_command
from .where import Where, where
from .workplace import Workplace, workplace

if TYPE_CHECKING:
    from provision.transport.address import SshAddress

    from .machine import Machine
    from .project import Project
    from .workspace import Workspace


@dataclass(eq=False)
class ProfileMissing(MachineError):
    """An agent's verb on a project without that agent."""

    project: str
    profile: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"the project {self.project} does not have the profile {self.profile};\n"
            f'add "{self.profile}" to its `profiles`'
        )


@dataclass(eq=False)
class NotMounted(MachineError):
    """Something is to be done in a folder that the machine does not have."""

    project: str
    folder: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"the machine {self.project} does not have the folder {self.folder};\n"
            "stand in one of its `mounts`, or add this one to them"
        )


@dataclass(eq=False)
class WhichRepo(MachineError):
    """A repo that the project does not have, or none named where it has several."""

    project: str
    repo: str
    folders: tuple[str, ...]
    exit_status = 2

    def __str__(self) -> str:
        wrong = f"no repo {self.repo}" if self.repo else "not just one repo"
        known = (
            f"give one by --repo: {', '.join(self.folders)}"
            if self.folders
            else ("list it in `repos` of your projects.toml")
        )
        return f"the project {self.project} has {wrong};\n{known}"


@dataclass(frozen=True)
class Standing:
    """One project's machine, to stand in."""

    workspace: Workspace
    project: Project

    @cached_property
    def here(self) -> Where | None:
        """Which folder of the machine is the one that the person stands in."""
        return where(self.workspace.cwd, self.project.mounts)

    @property
    def is_same_place(self) -> bool:
        """Whether the machine has that very folder."""
        return self.here is not None and self.here.is_same

    def say_where(self) -> None:
        """Say where one starts, when it is neither where one stands nor a clone."""
        if self.here is not None and not self.is_same_place and not self._clones():
            name, directory = self.project.name, self.directory
            sys.stderr.write(
                f"{name}: this folder is not in the machine; starting in {directory}\n"
            )

    @property
    def directory(self) -> str:
        """Where to stand: where one stands here, below a mount; else in the clones.

        That is the clone of a project with one repo, the folder of all clones, or a mount.
        """
        clones = self._clones()
        here = self.here
        if here is not None and (here.is_same or not clones):
            return here.directory
        return f"~/code/{clones[0]}" if len(clones) == 1 else "~/code"

    def place(self, repo: str = "", branch: str = "") -> Workplace:
        """Return where an agent works: in `repo`'s clone, in a worktree of `branch`, or as above.

        Raises:
            WhichRepo: see `clone`.
            BranchRefused: git takes no branch of that name.
        """
        if not repo and not branch:
            self.say_where()
            below = self.here.below if self.here is not None else ""
            return workplace(self.directory, below=below)
        from guard.repo_url import check_branch  # noqa: PLC0415

        if branch:
            check_branch(branch)
        return workplace(self.directory, self.clone(repo), is_named=bool(repo), branch=branch)

    def clone(self, repo: str = "") -> str:
        """Return the clone of `repo`, by its folder in ~/code; of the only one where it is empty.

        Raises WhichRepo: the project has none of that name, or not just one.
        """
        clones = self._clones()
        found = [each for each in clones if repo in {"", each}]
        if len(found) != 1:
            raise WhichRepo(self.project.name, repo, clones)
        return f"~/code/{found[0]}"

    def clone_of(self, url: str) -> str | None:
        """Return the clone of the repo with this normalised URL; None where there is none."""
        from .remote_url import normalise  # noqa: PLC0415

        pairs = zip(self.project.repos, self._clones(), strict=True)
        return next((f"~/code/{path}" for repo, path in pairs if normalise(repo.url) == url), None)

    def _clones(self) -> tuple[str, ...]:
        from guard.repo_url import folder_names, parse_repo_url  # noqa: PLC0415

        repos = self.project.repos
        folders = folder_names([parse_repo_url(repo.url) for repo in repos])
        pairs = zip(repos, folders, strict=True)
        return tuple(repo.path or folder for repo, folder in pairs)

    def ready(self, needs: str = "", *, logs_in: bool = True) -> SshAddress:
        """Return where the machine is, after bringing it up where it is not.

        `needs` names a profile: the machine is then brought up to date with its project, too.
        Unless it is said that nobody `logs_in`, its sshd is seen to.

        Raises:
            ProfileMissing: the project lacks that profile.
            Whatever `up` raises.
        """
        name = self.project.name
        with self.workspace.reporter(name) as reporter:
            machine = self.workspace.machine(name, reporter)
            address = machine.quick_address()
            if address is not None:
                machine.see_to_connection(logs_in=logs_in or not self._is_master_fit(address))
            if address is not None and not needs:
                renew(self.workspace, self.project, reporter.say)
                machine.carry_keys(has_some=self.project.keys.while_ != "never")
                return address
            from .preflight import prepare_all  # noqa: PLC0415 - most often it answers

            (item,) = prepare_all(self.workspace, [self.project])
            if needs and needs not in item.wish.profiles:
                raise ProfileMissing(name, needs)
            if address is not None and machine.is_converged(item.wish):
                self._give_secrets(machine)
                with self.workspace.machine_of(item, reporter):
                    machine.carry_keys()
                return address
            from .bake import golden_on_demand  # noqa: PLC0415
            from .host_setup import HostSetup  # noqa: PLC0415

            host = HostSetup(self.workspace, [item.wish.spec.image], may_install=False)
            with self.workspace.machine_of(item, reporter) as machine:
                golden = golden_on_demand(self.workspace, self.project, reporter)
                outcome = machine.up(item.wish, prepare=host, golden=golden)
                reporter.say(f"up: {one_line_summary(outcome)}")
                self._give_secrets(machine, is_needed=bool(needs))
            return _address(machine)

    def reached(self) -> SshAddress:
        """Return the same for work that uses neither the machine's keys nor its secrets."""
        with self.workspace.reporter(self.project.name) as reporter:
            machine = self.workspace.machine(self.project.name, reporter)
            return machine.quick_address() or self.ready()

    def _give_secrets(self, machine: Machine, *, is_needed: bool = True) -> None:
        """Bring the machine the secrets it lacks; a person alone gets in without them, too."""
        from guard.secrets.fetch import SecretsFailed  # noqa: PLC0415

        try:
            self.workspace.give_secrets(self.project, machine)
        except SecretsFailed as error:
            if is_needed:
                raise
            for line in str(error).splitlines():
                machine.reporter.say(line)

    def ready_alone(self, needs: str) -> SshAddress:
        """Return the same for an agent that nobody watches: the machine is kept first if wanted."""
        address = self.ready(needs)
        if self.project.checkpoint != "detached":
            return address
        name = self.project.name
        with self.workspace.reporter(name) as reporter:
            made, _was_stopped = self.workspace.checkpoints(name, reporter).make()
            reporter.say(f"undo all that follows: inv rewind --name {made.name} -p {name}")
        return self.ready()

    def attach(self, script: str, *, tty: bool, address: SshAddress | None = None) -> int:
        """Run `script` in the machine on this terminal, or in this pipe; return its status.

        By a connection of its own, which lasts as long as the person stays.
        """
        command = ssh_command(address or self.ready(), script=script, tty=tty)
        with self._connected():
            return subprocess.run(command, env=self._environment, check=False).returncode

    def run(self, script: str, *, tty: bool) -> int:
        """Run `script` as `attach` does, over the connection that is open already if it is fit."""
        address = self.ready(logs_in=False)
        command = ssh_command(
            address, script=script, tty=tty, over_master=self._is_master_fit(address)
        )
        with self._connected():
            return subprocess.run(command, env=self._environment, check=False).returncode

    def ask(self, script: str, *, address: SshAddress | None = None) -> tuple[int, list[str]]:
        """Run `script` in the machine as `run` does; return its status and what it printed."""
        address = address or self.ready(logs_in=False)
        with self._connected():
            answer = subprocess.run(
                ssh_command(address, script=script, over_master=self._is_master_fit(address)),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return answer.returncode, answer.stdout.decode(errors="replace").splitlines()

    def _is_master_fit(self, address: SshAddress) -> bool:
        """Whether a command over the open connection is the same as by a login of one's own."""
        from provision.transport.master import Master  # noqa: PLC0415

        fit = self.workspace.states.read(self.project.name).fit_master
        return fit != "" and fit == Master(address).identity

    @contextmanager
    def _connected(self) -> Iterator[None]:
        with self.workspace.keys.connected(self.project):
            if self.project.keys.while_ == "connected":
                # `ready` was connected, too, and has left.
                with self.workspace.reporter(self.project.name) as reporter:
                    renew(self.workspace, self.project, reporter.say)
            yield

    @property
    def _environment(self) -> dict[str, str]:
        environ = self.workspace.environ
        return {name: value for name, value in environ.items() if name != "SSH_AUTH_SOCK"}


def is_terminal() -> bool:
    """Return whether a person sits at both ends of this command."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _address(machine: Machine) -> SshAddress:
    address = machine.quick_address()
    if address is None:
        raise NotRunning(machine.name, "not reachable")
    return address
