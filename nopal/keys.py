"""This computer's key broker as the verbs use it: started, given policies, told what ended."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from guard.keys.client import BrokerClient
from guard.keys.own_folder import own_folder
from guard.keys.policy import KeyPolicy

from .key_way import KeyWay

if TYPE_CHECKING:
    from guard.keys.exposed import AgentKey

    from .paths import Paths
    from .project import Project
    from .signers import Signers


@dataclass(frozen=True)
class Keys:
    """The broker of one NOPAL_HOME."""

    paths: Paths
    environ: Mapping[str, str]

    @cached_property
    def client(self) -> BrokerClient:
        """How to talk to it."""
        return BrokerClient(self.paths.keys, self.paths.key_sockets, self.environ)

    @property
    def signers(self) -> Signers:
        """Whose signatures the person's own git can take for good."""
        from .signers import Signers  # noqa: PLC0415

        return Signers(self.paths.keys / "allowed_signers")

    @property
    def owner_uid(self) -> int | None:
        """Who connects for the machines, where it is not ourselves: Lima's user, if we are root."""
        from lima.process import identity  # noqa: PLC0415

        person = identity(self.paths.lima.user) if self.paths.lima.user else None
        return person.uid if person else None

    def way(self, name: str, open_master: Callable[[], object]) -> KeyWay:
        """Return a machine's way to its keys, whether any are given to it or not."""
        memory = self.paths.keys / "carried" / name
        return KeyWay(name, self.client.socket(name), memory, open_master)

    def give(self, project: Project, policy: KeyPolicy) -> Path:
        """Let the project's machine use keys; return their socket.

        Raises:
            BrokerUnreachable, BrokerRefused: that cannot be done.
            NotOurFolder: somebody else can change where the sockets are to be.
        """
        from lima.pid_files import AGENT  # noqa: PLC0415

        self._make_room()
        is_for_connected = project.keys.while_ == "connected"
        files = {
            "runs": str(self.paths.lima.home / project.name / AGENT),
            "lock": str(self.paths.state / f".{project.name}.lock"),
            "connected": str(self._connected(project.name)) if is_for_connected else "",
        }
        return self.client.give(msgspec.structs.replace(policy, **files))

    def _connected(self, name: str) -> Path:
        """Return the file that everybody holds who is connected to a machine."""
        return self.paths.keys / "connected" / name

    def _make_room(self) -> None:
        """Make a place for the sockets' folder that Lima's user can pass through, but not read."""
        if self.paths.lima.user is not None:
            place = self.paths.key_sockets.parent
            place.mkdir(exist_ok=True, parents=True)
            with own_folder(place) as descriptor:
                os.fchmod(descriptor, 0o711)

    def prune(self, *, dry_run: bool) -> Iterator[str]:
        """Remove what killed brokers left where Lima's user reaches sockets; yield it in words."""
        from guard.keys.socket_folder import left_behind, remove  # noqa: PLC0415

        if self.paths.lima.user is None:
            return  # they are among the broker's own files, and made anew by the next
        for folder in left_behind(self.paths.key_sockets.parent):
            if not dry_run:
                remove(folder)
            yield f"{folder}, what a key broker left that was killed"

    def take_away(self, name: str) -> None:
        """Let a machine use no key any more, from this moment on."""
        if self.paths.keys.is_dir():
            self.client.take_away(name)

    @contextmanager
    def connected(self, project: Project) -> Iterator[None]:
        """Be connected to the project's machine; when the last one leaves, its keys may go.

        They do with `while = "connected"`, for which they have to be given before. Should this
        process be killed, the broker sees that nobody holds the file.
        """
        if project.keys.while_ != "connected":
            yield
            return
        file = self._connected(project.name)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            try:
                yield
            finally:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.take_away(project.name)
        finally:
            os.close(descriptor)

    def given(self, name: str) -> KeyPolicy | None:
        """Return the policy that a machine was last given and still has."""
        try:
            text = self.client.places.policy(name).read_bytes()
            return msgspec.json.decode(text, type=KeyPolicy)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def own(self, name: str) -> tuple[AgentKey, ...]:
        """Return the keys that a project has to itself, by their public halves; makes none."""
        from guard.keys.own_keys import OwnKeys  # noqa: PLC0415
        from guard.keys.vault import SystemKeyring  # noqa: PLC0415

        return OwnKeys(self.client.places, SystemKeyring(self.environ)).of(name)

    def idle(self, running: Iterable[str], is_in_use: Callable[[str], bool]) -> tuple[str, ...]:
        """Return the machines that have keys, do not run and are not being worked on.

        One that is being worked on may be about to run: its keys are settled before it boots.
        """
        return tuple(name for name in set(self.names()) - set(running) if not is_in_use(name))

    def names(self) -> tuple[str, ...]:
        """Return the machines that have been given keys."""
        return tuple(sorted(file.stem for file in self.client.places.projects.glob("*.json")))

    def keep_only(self, running: Iterable[str], is_in_use: Callable[[str], bool]) -> None:
        """Take the keys of idle machines away: the broker ends when no machine has any."""
        for name in self.idle(running, is_in_use):
            self.take_away(name)
