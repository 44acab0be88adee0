"""Which versions of its programs a machine has, profile by profile: seen in it, or else pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from profiles.pin import Pin
from provision.look import Question
from provision.shell import join
from provision.step import Step
from provision.steps.apt import Apt
from provision.steps.first_of import FirstOf
from provision.steps.program import Program

_VERSION = re.compile(r"[A-Za-z0-9][\w.+~:-]{0,63}")
_PACKAGES = "packages"


@dataclass(frozen=True)
class Version:
    """One program of a profile."""

    program: str
    version: str
    is_seen: bool
    """Whether the machine itself told it; a pinned version is what was asked for."""

    def __str__(self) -> str:
        return f"{self.program} {self.version}{'' if self.is_seen else ' (pinned)'}"


def questions(steps: Sequence[Step]) -> tuple[Question, ...]:
    """Return what to ask a machine with these steps, beside them: nothing is started for it."""
    programs = {
        step.id: Question(step.id, step.probe(), run_as=step.run_as)
        for step, _tags in _flat(steps)
        if isinstance(step, Program)
    }
    names = sorted({step.package for step, _tags in _flat(steps) if isinstance(step, Apt)})
    asked = [f"dpkg-query -W -f='${{Package}} ${{Version}}\\n' {join(names)} 2>/dev/null || :"]
    return (*programs.values(), *(Question(_PACKAGES, script) for script in asked if names))


def versions(
    profiles: Sequence[str],
    steps: Sequence[Step],
    pins: Mapping[str, Sequence[tuple[Pin, str]]],
    answers: Mapping[str, str | None],
) -> dict[str, tuple[Version, ...]]:
    """Return the versions of each of `profiles`.

    `pins` gives each profile's pins, with the version that the project's options choose;
    `answers` are those to `questions`, and may be none at all.
    """
    return {name: tuple(_of(name, steps, pins.get(name, ()), answers)) for name in profiles}


def _of(
    profile: str,
    steps: Sequence[Step],
    pins: Sequence[tuple[Pin, str]],
    answers: Mapping[str, str | None],
) -> Iterator[Version]:
    seen: dict[str, Version] = {}
    packages = _packages(answers)
    for step, tags in _flat(steps):
        if profile not in tags:
            continue
        version = ""
        if isinstance(step, Program):
            version = step.installed(answers.get(step.id) or "")
        elif isinstance(step, Apt) and step.package.startswith(profile):
            # Only what a person would call the profile's program, not the tools that it needs.
            version = packages.get(step.package, "")
        if _VERSION.fullmatch(version):
            seen[step.name] = Version(step.name, version, is_seen=True)
    yield from seen.values()
    for pin, chosen in pins:
        if not {pin.program, pin.package} & seen.keys():
            yield Version(pin.program, chosen or pin.version, is_seen=False)


def _packages(answers: Mapping[str, str | None]) -> dict[str, str]:
    lines = (answers.get(_PACKAGES) or "").split("\n")
    return dict(line.split(" ") for line in lines if re.fullmatch(r"[^ ]+ [^ ]+", line))


def _flat(
    steps: Sequence[Step], tags: tuple[str, ...] = ()
) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """Yield each step, those among alternatives too, with the profiles it is of."""
    for step in steps:
        yield step, (*tags, *step.tags)
        if isinstance(step, FirstOf):
            yield from _flat(step.steps, (*tags, *step.tags))
