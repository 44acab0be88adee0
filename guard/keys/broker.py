"""The broker: the projects that are open, and all that can be asked of it from this host."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from guard.errors import GuardError

from .audit import AuditLog, Entry
from .control import (
    Explanation,
    OpenQuestion,
    OwnKey,
    ProjectStatus,
    Purpose,
    ShownKey,
    Status,
)
from .desktop import ask_on_screen
from .explain import explain
from .exposed import AgentKey, exposed
from .kept import ALL, Kept
from .log_line import now
from .needed import is_needed
from .open_project import OpenProject
from .own_folder import NotOurFolder, own_folder
from .own_keys import OwnAndUpstream, OwnKeys
from .places import Places
from .policy import KeyPolicy
from .questions import Questions
from .upstream import AgentConnection, UpstreamFailed
from .vault import SystemKeyring

PAUSED = "the keys of this machine are paused"


@dataclass(eq=False)
class NoSuchProject(GuardError):
    """A project that the broker has no policy of."""

    project: str

    def __str__(self) -> str:
        return f"no keys are open for project `{self.project}`; `inv up -p {self.project}` does it."


@dataclass
class Broker:
    """Everything that one host's broker holds."""

    places: Places
    log: AuditLog
    environ: dict[str, str] = field(default_factory=dict)
    """Of the person's desktop."""
    projects: dict[str, OpenProject] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is on disk."""
        self.kept = Kept(self.places)
        self.paused = self.kept.paused()
        self.own_keys = OwnKeys(self.places, SystemKeyring(self.environ))
        self._changing = asyncio.Lock()
        self.questions = Questions(lambda text: ask_on_screen(self.environ, text))

    async def begin(self) -> None:
        """Open every project that was open when the last broker ended."""
        policies, faults = self.kept.policies()
        self.note(f"begun with {len(policies)} projects")
        for fault in faults:
            self.note(fault)
        for policy in policies:
            try:
                await self._open(policy)
            except (OSError, NotOurFolder) as error:
                self.note(f"its socket cannot be opened: {error}", policy.project)

    async def end(self) -> None:
        """Close every socket; the policies stay."""
        for project in self.projects.values():
            await project.close()
        self.projects.clear()

    async def give(self, policy: KeyPolicy, desktop: Mapping[str, str]) -> str:
        """Open a project's socket, or change its policy; return the socket's path."""
        self.environ.clear()
        self.environ.update(desktop)
        async with self._changing:
            return await self._give(policy)

    async def _give(self, policy: KeyPolicy) -> str:
        there = self.projects.get(policy.project)
        self.kept.keep(policy)
        if there is None:
            await self._open(policy)
        elif there.policy != policy:
            if there.policy.owner_uid != policy.owner_uid:
                await self._close(policy.project)
                await self._open(policy)
            else:
                there.change(policy)
            self.note("another policy", policy.project)
        return str(self.places.socket(policy.project))

    async def take_away(self, project: str) -> None:
        """Close a project's socket and forget its policy; its own keys stay."""
        async with self._changing:
            self.kept.drop(project)
            if project in self.projects:
                await self._close(project)
                self.note("closed", project)

    def pause(self, project: str | None) -> None:
        """Sign nothing more for a project, or for any."""
        self._set_paused(self.paused | {project or ALL})
        for name, one in self.projects.items():
            if project in (None, name):
                one.gate.forget()
        self.note("paused", project or "")

    def resume(self, project: str | None) -> None:
        """End a pause; without a project, all pauses."""
        self._set_paused(self.paused - {project} if project else frozenset())
        self.note("resumed", project or "")

    def why_paused(self, project: str) -> str:
        """Return why nothing is signed for a project now, or nothing."""
        return PAUSED if self.paused & {project, ALL} else ""

    async def status(self) -> Status:
        """Return all that the broker holds; asks the person's agent for its keys."""
        projects = await asyncio.gather(*map(self._status_of, self.projects.values()))
        return Status(
            os.getpid(),
            ALL in self.paused,
            tuple(projects),
            str(self.log.path),
        )

    def pending(self) -> tuple[OpenQuestion, ...]:
        """Return the questions that are open."""
        return tuple(
            OpenQuestion(one.id, one.project, one.text, one.since) for one in self.questions.pending
        )

    async def explain(
        self, project: str, host: str, user: str, namespace: str
    ) -> tuple[Explanation, ...]:
        """Return what would become of a request, for each key that the machine sees.

        Raises:
            NoSuchProject: the project is not open.
            UpstreamFailed: the person's agent gives no answer.
        """
        keys = await self._keys(self._project(project))
        policy, closed = self._project(project).policy, self._project(project).closed()
        found = []
        for key in keys:
            decision = explain(policy, key, host=host, user=user, namespace=namespace)
            if closed:
                decision = replace(decision, verdict="deny", reason=closed)
            found.append(Explanation(shown_key(key), decision.verdict, decision.reason))
        return tuple(found)

    async def make_key(self, project: str, purpose: Purpose, *, anew: bool) -> OwnKey:
        """Return a key of the project's own."""
        key = await self.own_keys.make(project, purpose, anew=anew)
        self.note(f"own key for {purpose}: {key.fingerprint}", project)
        return key

    async def drop_keys(self, project: str) -> None:
        """Forget a project's own keys."""
        await self.own_keys.drop(project)
        self.note("own keys dropped", project)

    @property
    def is_needed(self) -> bool:
        """Whether a machine is there that may ask."""
        return any(is_needed(project.policy) for project in self.projects.values())

    def note(self, what: str, project: str = "") -> None:
        """Write down what happened to the broker itself."""
        self.log.add(Entry(time=now(), project=project, kind="broker", reason=what))

    def _project(self, name: str) -> OpenProject:
        if name not in self.projects:
            raise NoSuchProject(name)
        return self.projects[name]

    async def _open(self, policy: KeyPolicy) -> None:
        name = policy.project
        if policy.owner_uid not in (None, os.geteuid()):
            # Through, not in: the sockets in it are still for their owner alone.
            with own_folder(self.places.sockets) as descriptor:
                os.fchmod(descriptor, 0o711)
        project = OpenProject(
            policy=policy,
            path=self.places.socket(name),
            connect=self._connect,
            questions=self.questions,
            log=self.log.add,
            pause=lambda: self.why_paused(name),
        )
        await project.open()
        self.projects[name] = project

    async def _close(self, project: str) -> None:
        await self.projects.pop(project).close()

    def _connect(self, policy: KeyPolicy) -> OwnAndUpstream:
        upstream = AgentConnection(policy.upstream, policy.exposed) if policy.upstream else None
        return OwnAndUpstream(policy.project, self.own_keys, upstream)

    async def _keys(self, project: OpenProject) -> tuple[AgentKey, ...]:
        upstream = self._connect(project.policy)
        try:
            return exposed(await upstream.keys(), project.policy)
        finally:
            await upstream.close()

    async def _status_of(self, project: OpenProject) -> ProjectStatus:
        name, fault = project.policy.project, ""
        keys: tuple[AgentKey, ...] = ()
        try:
            keys = await self._keys(project)
        except UpstreamFailed as error:
            fault = str(error)
        return ProjectStatus(
            name,
            str(project.path),
            bool(self.why_paused(name)),
            project.connections,
            project.signed,
            project.refused,
            tuple(shown_key(key) for key in keys),
            fault,
        )

    def _set_paused(self, paused: frozenset[str]) -> None:
        self.kept.keep_paused(paused)
        self.paused = paused


def shown_key(key: AgentKey) -> ShownKey:
    """Return a key as one reads about it."""
    comment = key.comment.decode("utf-8", errors="replace")
    return ShownKey(key.fingerprint, comment, key.purpose != "any")
