"""Everything that can be known to be wrong before slow work begins, found at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from guard.allowed_signers import AllowedSigner, parse_allowed_signer
from guard.errors import GuardError
from guard.git_identity import GitIdentity, read_git_identity
from guard.repo_access import check_access, known_hosts_for
from guard.repo_fault import RepoFault
from guard.repo_url import RepoUrl, check_branch, folder_names, parse_repo_url
from guard.signing_key import NoSigning, SigningKey, choose_signing_key
from guard.ssh_agent import AgentSocket, NoAgent
from guard.ssh_config import keys_in_order_of_offer, read_ssh_config
from lima.spec import problems
from profiles.errors import ProfileError, UnknownOption, WrongOption
from profiles.guest import Repo

from .assemble import Person, assemble
from .errors import Fault, Place, ProjectFaults, WrongValue
from .key_facts import OwnKeys, Surroundings, policy_of
from .key_notes import key_notes
from .mount_faults import fault as mount_fault
from .mount_faults import holder as mount_holder
from .signers import machine_signer, person_signer
from .skills import read_skills
from .wish import Wish
from .workspace import FORGE, Workspace

if TYPE_CHECKING:
    from guard.keys.policy import KeyPolicy
    from guard.public_key import PublicKey

    from .project import Project, RepoEntry

Result = TypeVar("Result")


@dataclass(eq=False)
class ForeignFault(Fault):
    """Another room's error, with the place in the project file that led to it."""

    place: Place
    error: Exception

    def __str__(self) -> str:
        return f"{self.place}: {self.error}"


@dataclass(frozen=True)
class Prepared:
    """A project that has passed every check that needs no machine."""

    project: Project
    wish: Wish
    keys: KeyPolicy | None = None
    """What its machine may do with the keys of this computer; None for nothing at all."""
    signer: AllowedSigner | None = None
    """Who signs in its machine, for the person's own git."""
    notes: tuple[str, ...] = ()
    """What the person should know, one line each."""

    @property
    def name(self) -> str:
        """The project's name, which is its machine's."""
        return self.project.name


def prepare_all(
    workspace: Workspace, projects: Sequence[Project], *, only: Sequence[str] | None = None
) -> tuple[Prepared, ...]:
    """Check all `projects`; with `only`, declare these profiles in place of the projects' own.

    Raises:
        ProjectFaults: with every fault of every project.
    """
    faults: list[Fault] = []
    prepared = []
    for project in projects:
        check = _Check(workspace, project, only)
        item = check.run()
        faults += check.faults
        if item is not None:
            prepared.append(item)
    if faults:
        raise ProjectFaults(tuple(faults))
    return tuple(prepared)


class _Check:
    """The checks of one project; what is wrong collects in `faults`."""

    def __init__(self, workspace: Workspace, project: Project, only: Sequence[str] | None) -> None:
        self._only = only
        self.faults: list[Fault] = []
        self._workspace = workspace
        self._project = project
        self._home = workspace.paths.user_home

    def run(self) -> Prepared | None:
        """Return the checked project, or None when there are faults."""
        workspace, project = self._workspace, self._project
        urls = self._urls()
        agent = workspace.agent(project.keys.agent, _first_server(urls))
        own = self._try("keys", lambda: OwnKeys.of(project, workspace.keys)) or OwnKeys()
        identity = self._try("git", lambda: self._identity(urls))
        signing = self._try(
            "signing_key", lambda: self._signing_key(identity or GitIdentity(), agent, own)
        )
        signers = [
            signer
            for index, line in enumerate(project.allowed_signers)
            if (signer := self._signer(index, line))
        ]
        access = workspace.access(agent)
        around = Surroundings(agent, access, workspace.keys.owner_uid, lambda: self._offered(agent))
        with workspace.keys.connected(project):
            keys, reaching = self._keys(urls, around, signing, own)
        person = Person(
            name=project.git_name or (identity.name if identity else ""),
            email=project.git_email or (identity.email if identity else ""),
            signing_key=signing.public_line if isinstance(signing, SigningKey) else "",
            allowed_signers=tuple(signer.line for signer in signers),
            known_hosts=known_hosts_for([url for url, _branch in urls], access),
        )
        repos = self._repos(urls)
        wish = None
        skills = self._try("skills", lambda: read_skills(project.skills))
        if self._can_read_authorities() and skills is not None:
            wish = self._try(
                "profiles", lambda: assemble(workspace, project, person, repos, self._only)
            )
        self._add_mount_faults()
        for problem in problems(wish.spec) if wish else ():
            place = project.place("mounts" if problem.field == "mount point" else problem.field)
            self.faults.append(ForeignFault(place, problem))
        if self.faults or wish is None:
            return None
        return Prepared(
            project,
            replace(wish, reaching=reaching),
            keys,
            _signer_of(project, person, signing, own),
            (*_notes(person, signing, agent), *key_notes(project, [url for url, _ in urls], keys)),
        )

    def _identity(self, urls: Sequence[tuple[RepoUrl, str]]) -> GitIdentity:
        return read_git_identity(
            self._workspace.environ,
            directory=self._project.repo_root,
            repo_urls=tuple(url.text for url, _branch in urls),
        )

    def _signing_key(
        self, identity: GitIdentity, agent: AgentSocket | NoAgent, own: OwnKeys
    ) -> SigningKey | NoSigning:
        if own.signing is not None:
            return SigningKey(own.signing, "the project's own key")
        keys = _keys_of(agent)
        setting = self._project.signing_key if self._project.signing else False
        offered = partial(self._offered, agent)
        return choose_signing_key(setting, identity, keys, home=self._home, offered=offered)

    def _offered(self, agent: AgentSocket | NoAgent) -> Sequence[PublicKey]:
        """Return the agent's keys in the order in which a forge would be offered them."""
        keys = _keys_of(agent)
        config = read_ssh_config(FORGE, self._workspace.environ, self._home)
        return keys_in_order_of_offer(config, keys)

    def _keys(
        self,
        urls: Sequence[tuple[RepoUrl, str]],
        around: Surroundings,
        signing: SigningKey | NoSigning | None,
        own: OwnKeys,
    ) -> tuple[KeyPolicy | None, Mapping[str, str]]:
        """Return what the machine may do with keys, and by URL the key that reaches a repo.

        Whether the repos can be reached is asked with the keys that the machine will have; where
        they are not chosen yet, with all of the agent's, which chooses them.
        """
        project, workspace = self._project, self._workspace
        state = workspace.states.read(project.name)
        key = signing.key if isinstance(signing, SigningKey) else None
        plain = [url for url, _branch in urls]
        held = {one.fingerprint for one in _keys_of(around.agent)}
        # A key that the agent has no more was replaced; without an agent, nobody knows.
        reaching = {url: one for url, one in state.reaching.items() if one in held or not held}

        def policy() -> KeyPolicy | None:
            return policy_of(project, plain, around, signing=key, own=own, reaching=reaching)

        access, new = around.access, [pair for pair in urls if pair[0].text not in state.cloned]
        if project.keys.while_ == "never":
            access = replace(access, agent_socket=None)
        elif project.keys.expose != "auto":
            if new and (settled := policy()) is not None:
                socket = self._try("keys", lambda: workspace.keys.give(project, settled))
                access = replace(access, agent_socket=socket)
        else:
            # One that is cloned is asked once, where there is something to choose.
            is_open = len(held) > 1
            new = [pair for pair in urls if pair in new or (is_open and _lacks(pair[0], reaching))]
        for answer in check_access(new, access):
            if answer.fault is not None and answer.url.text not in state.cloned:
                self._add_access_fault(answer.fault)
            if answer.key:
                reaching[answer.url.text] = answer.key
        return policy(), {url.text: reaching[url.text] for url in plain if url.text in reaching}

    def _signer(self, index: int, line: str) -> AllowedSigner | None:
        return self._try(f"allowed_signers[{index}]", lambda: parse_allowed_signer(line))

    def _urls(self) -> list[tuple[RepoUrl, str]]:
        pairs = []
        for index, entry in enumerate(self._project.repos):
            pair = self._try(f"repos[{index}]", partial(_checked, entry))
            if pair is not None:
                pairs.append(pair)
        return pairs

    def _repos(self, urls: Sequence[tuple[RepoUrl, str]]) -> tuple[Repo, ...]:
        entries = self._project.repos
        if len(urls) < len(entries):
            return ()  # a URL is at fault: there will be no machine
        folders = folder_names([url for url, _branch in urls])
        repos: list[Repo] = []
        for index, ((url, branch), folder) in enumerate(zip(urls, folders, strict=True)):
            path = f"~/code/{entries[index].path or folder}"
            if any(path == other.path for other in repos):
                place = self._project.place(f"repos[{index}]")
                found = f"to be cloned to {path} like another"
                self.faults.append(
                    WrongValue(place, f"repos[{index}]", found, "a `path` of its own")
                )
            repos.append(Repo(url.text, path, branch, entries[index].dependencies))
        return tuple(repos)

    def _add_access_fault(self, fault: RepoFault) -> None:
        indices = [i for i, entry in enumerate(self._project.repos) if entry.url == fault.url]
        key = f"repos[{indices[0]}]" if indices else "repos"
        self.faults.append(ForeignFault(self._project.place(key), fault))

    def _add_mount_faults(self) -> None:
        for index, mount in enumerate(self._project.mounts):
            found, allowed = mount_fault(mount, self._workspace.paths.lima.user)
            if outer := mount_holder(index, self._project.mounts):
                found = f"`{mount.path}`, inside `{outer}`, where the machine could exchange it"
                allowed = "folders beside each other"
            if found:
                place = self._project.place(f"mounts[{index}]")
                self.faults.append(WrongValue(place, f"mounts[{index}]", found, allowed))

    def _can_read_authorities(self) -> bool:
        unreadable = [path for path in self._project.extra_ca if not os.access(path, os.R_OK)]
        for path in unreadable:
            place = self._project.place("extra_ca")
            allowed = "files of certificates"
            self.faults.append(
                WrongValue(place, "extra_ca", f"`{path}`, which cannot be read", allowed)
            )
        return not unreadable

    def _try(self, key: str, work: Callable[[], Result]) -> Result | None:
        try:
            return work()
        except (UnknownOption, WrongOption) as error:
            place = self._project.place(f"options.{error.profile}.{error.key}")
            self.faults.append(ForeignFault(place, error))
        except (GuardError, ProfileError) as error:
            self.faults.append(ForeignFault(self._project.place(key), error))
        return None


def _first_server(urls: Sequence[tuple[RepoUrl, str]]) -> str:
    return next((url.host for url, _branch in urls if url.scheme == "ssh"), FORGE)


def _lacks(url: RepoUrl, reaching: Mapping[str, str]) -> bool:
    """Whether the key is not known by which a repo is reached."""
    return url.scheme == "ssh" and url.text not in reaching


def _keys_of(agent: AgentSocket | NoAgent) -> tuple[PublicKey, ...]:
    return agent.keys if isinstance(agent, AgentSocket) else ()


def _signer_of(
    project: Project, person: Person, signing: SigningKey | NoSigning | None, own: OwnKeys
) -> AllowedSigner | None:
    if own.signing is not None:
        return machine_signer(project.name, own.signing)
    return person_signer(person.email, signing.key) if isinstance(signing, SigningKey) else None


def _checked(entry: RepoEntry) -> tuple[RepoUrl, str]:
    return parse_repo_url(entry.url), check_branch(entry.branch) if entry.branch else ""


def _notes(
    person: Person, signing: SigningKey | NoSigning | None, agent: AgentSocket | NoAgent
) -> tuple[str, ...]:
    notes = []
    if isinstance(agent, NoAgent):
        notes.append(f"no SSH agent: {agent.reason}; {agent.fix}")
    if isinstance(signing, NoSigning) and signing.fix:
        notes.append(f"commits stay unsigned: {signing.reason}; {signing.fix}")
    if not (person.name and person.email):
        notes.append(
            "git has no user.name and user.email here, so commits in the machine will ask for them"
        )
    return tuple(notes)
