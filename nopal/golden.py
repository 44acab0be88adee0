"""What a golden for a project's machine holds: all of its profiles that are nobody's in particular.

A golden is a cache. It is made for an image and a set of profiles with their options, in the name
of nobody: no repo, no identity, no port, no mount. A machine that begins from it is then converged
like any other, which adds what is its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from lima.goldens import Golden
from profiles.catalogue import resolve
from provision.digest import digest
from provision.step import Step

from .assemble import Person, assemble
from .names import BAKE_PREFIX

if TYPE_CHECKING:
    from profiles.profile import Profile

    from .project import Project
    from .wish import Wish
    from .workspace import Workspace

_NOBODY = "any"


def golden_wish(workspace: Workspace, project: Project) -> Wish:
    """Return what a golden for the machine of `project` shall hold.

    Raises:
        ProfileError: a profile is unknown, or its options are wrong.
    """
    neutral = replace(
        project, name=_NOBODY, ports="none", mounts=(), watch="none", skills=(), timezone="Etc/UTC"
    )
    names = _shared(resolve(project.profiles, workspace.catalogue))
    wish = assemble(workspace, neutral, Person(), (), only=names)
    personal = {step.tags[-1] for step in wish.steps if _is_personal(step)}
    if personal:
        catalogue = (profile for profile in resolve(names, workspace.catalogue))
        wish = assemble(workspace, neutral, Person(), (), only=_without(tuple(catalogue), personal))
    return replace(wish, spec=replace(wish.spec, agent_socket=None))


def golden_of(wish: Wish, base: str) -> Golden:
    """Return the golden that `wish` describes on `base`, whether it exists or not."""
    parts = {profile: _digest(wish.steps, profile) for profile in wish.profiles}
    return Golden(
        key=hashlib.sha256(repr((base, parts)).encode()).hexdigest()[:16],
        base=base,
        parts=parts,
        steps=len(wish.steps),
        image=wish.spec.image.name,
        disk_gib=wish.spec.disk_gib,
        made=datetime.now(timezone.utc).date().isoformat(),
    )


def bake_name(golden: Golden) -> str:
    """Return the name of the machine in which `golden` is made."""
    return f"{BAKE_PREFIX}{golden.key}"


def _shared(profiles: Sequence[Profile]) -> tuple[str, ...]:
    return _without(profiles, {profile.label for profile in profiles if not profile.golden})


def _without(profiles: Sequence[Profile], left_out: Iterable[str]) -> tuple[str, ...]:
    """Return the names of `profiles`, in their order, less those left out and all that need one."""
    gone = set(left_out)
    kept = []
    for profile in profiles:
        if gone.isdisjoint((profile.label, *profile.requires)):
            kept.append(profile.label)
        else:
            gone.add(profile.label)
    return tuple(kept)


def _is_personal(step: Step) -> bool:
    # What is fetched with the person's keys, or must not be shown, is not for everybody.
    return step.needs_agent or bool(getattr(step, "sensitive", False))


def _digest(steps: Iterable[Step], profile: str) -> str:
    return digest(step for step in steps if profile in step.tags)
