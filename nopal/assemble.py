"""What a project means for its machine: a shape for the driver, and steps for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from guard.forges import known_hosts_text
from lima.host import detect
from lima.images import catalogue as image_called
from lima.images import own_image
from lima.spec import MachineSpec, Mount, PortForward
from profiles.catalogue import resolve
from profiles.guest import Guest, Repo

from .skills import read_skills
from .timezone import host_timezone
from .wish import Wish

if TYPE_CHECKING:
    from .project import Project
    from .workspace import Workspace

_DISTRIBUTIONS = {"debian-13": "debian", "ubuntu-24.04": "ubuntu"}
"""What the images of the catalogue hold; a person's own image is taken for Debian's."""


@dataclass(frozen=True)
class Person:
    """Who commits in the guest, and with which key."""

    name: str = ""
    email: str = ""
    signing_key: str = ""
    """A public key line; empty means unsigned."""
    allowed_signers: tuple[str, ...] = ()
    known_hosts: str = ""
    """Host keys of the repos' servers that this person trusts, beyond those of the forges."""


def assemble(
    workspace: Workspace,
    project: Project,
    person: Person,
    repos: Sequence[Repo],
    only: Sequence[str] | None = None,
) -> Wish:
    """Return what the machine of `project` shall be; with `only`, just these profiles of it.

    Raises:
        ProfileError: a profile is unknown, or its options are wrong.
        BadSkills: see `read_skills`.
    """
    socket = workspace.keys.way(project.name, lambda: None).socket
    spec = replace(machine_spec(project), agent_socket=socket)
    guest = guest_of(project, spec, person, repos)
    profiles = resolve(
        project.profiles if only is None else only,
        workspace.catalogue,
        has_repos=only is None and bool(repos),
    )
    steps = tuple(
        step
        for profile in profiles
        for step in profile.steps(project.options.get(profile.label, {}), guest)
    )
    return Wish(
        spec=spec,
        steps=steps,
        profiles=tuple(profile.label for profile in profiles),
        requires={profile.label: profile.requires for profile in profiles},
        clones=tuple(repo.url for repo in repos),
        owner=str(project.repo_root) if project.repo_root else "",
    )


def machine_spec(project: Project) -> MachineSpec:
    """Return the shape of the project's machine on this host."""
    host = detect()
    image = project.image
    return MachineSpec(
        name=project.name,
        image=image_called(image.name, host.machine)
        if image.name
        else own_image(image.location, image.digest, host.machine),
        vm_type=host.vm_type,
        machine=host.machine,
        cpus=project.cpus,
        memory_gib=project.memory_gib,
        disk_gib=project.disk_gib,
        timezone=project.timezone or host_timezone(),
        ports=_ports(project),
        mounts=tuple(
            Mount(location=mount.path, writable=mount.is_writable, keeps_git=mount.keeps_git)
            for mount in project.mounts
        ),
        tells_of_changes=project.watch == "events" and bool(project.mounts),
    )


def guest_of(project: Project, spec: MachineSpec, person: Person, repos: Sequence[Repo]) -> Guest:
    """Return what profiles may know of the project and its machine."""
    return Guest(
        name=project.name,
        distribution=_DISTRIBUTIONS.get(project.image.name, "debian"),
        user=spec.user,
        home=spec.home,
        machine=spec.machine,
        timezone=spec.timezone,
        locale=project.locale,
        shell=project.shell,
        repos=tuple(repos),
        autonomy=project.autonomy,
        git_name=person.name,
        git_email=person.email,
        agent_socket=spec.guest_agent_socket,
        signing_key=person.signing_key,
        allowed_signers=person.allowed_signers,
        known_hosts=known_hosts_text() + person.known_hosts,
        mounts=tuple(str(mount.path) for mount in project.mounts),
        polls=project.watch == "poll",
        ports=project.ports if isinstance(project.ports, str) else "listed",
        extra_ca=tuple(
            path.read_text(encoding="utf-8", errors="replace") for path in project.extra_ca
        ),
        skills=read_skills(project.skills),
    )


def _ports(project: Project) -> Literal["auto", "none"] | tuple[PortForward, ...]:
    if isinstance(project.ports, str):
        return project.ports
    return tuple(
        PortForward(guest=guest, host=host)
        for mapping in project.ports
        for guest, host in zip(
            range(mapping.guest[0], mapping.guest[1] + 1),
            range(mapping.host[0], mapping.host[1] + 1),
            strict=True,
        )
    )
