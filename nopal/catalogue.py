"""All profiles that a project may name: nopal's, those of the `tasks.py`, and the person's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ProjectError

if TYPE_CHECKING:
    from profiles.profile import Profile

    from .own_profiles import Found


@dataclass(eq=False)
class NameTaken(ProjectError):
    """Two profiles of one name: which of them a project means would be chance."""

    name: str
    origins: tuple[str, str]

    def __str__(self) -> str:
        first, second = self.origins
        return (
            f"the name `{self.name}` is taken: {first} has it, and {second} too\n"
            '  give yours another: @profile(name="…")'
        )


NOPAL = "nopal"


class Catalogue(Mapping[str, "Profile"]):
    """Profiles by name; those that nopal does not bring are found when one of them is asked for.

    A name of nopal's is never another's. So a project that names none but nopal's profiles imports
    no file of the person, be it broken or not.
    """

    def __init__(
        self,
        built_in: Mapping[str, Profile],
        of_tasks: Iterable[Profile] = (),
        find: Callable[[], Iterable[Found]] = tuple,
    ) -> None:
        self._built_in = built_in
        self._of_tasks = {profile.label: profile for profile in of_tasks}
        self._find = find
        self._others: dict[str, Found] | None = None

    def __getitem__(self, name: str) -> Profile:
        """Return a profile. Raises NameTaken, and what finding the others raises."""
        if name in self._built_in and name not in self._of_tasks:
            return self._built_in[name]
        return self._found()[name].profile

    def __iter__(self) -> Iterator[str]:
        """Yield all names, nopal's first."""
        yield from self._built_in
        yield from self._found()

    def __len__(self) -> int:
        return len(self._built_in) + len(self._found())

    def origin(self, name: str) -> str:
        """Return where a profile is from: `nopal`, a file, a package."""
        return NOPAL if name in self._built_in else self._found()[name].origin

    def _found(self) -> Mapping[str, Found]:
        """Return all but nopal's own."""
        from .own_profiles import Found  # noqa: PLC0415 - not needed for nopal's

        if self._others is None:
            others: dict[str, Found] = {}
            of_tasks = (Found(each, _file(each)) for each in self._of_tasks.values())
            for found in (*of_tasks, *self._find()):
                name = found.profile.label
                if name in self._built_in:
                    raise NameTaken(name, (NOPAL, found.origin))
                # A profile that a tasks.py took from a package is one and the same.
                first = others.setdefault(name, found)
                if first.profile is not found.profile:
                    raise NameTaken(name, (first.origin, found.origin))
            self._others = others
        return self._others


def find_own(folder: Path) -> Callable[[], Iterable[Found]]:
    """Return what finds the profiles in `folder` and those of installed packages."""

    def find() -> Iterable[Found]:
        from importlib.metadata import entry_points  # noqa: PLC0415

        from .own_profiles import GROUP, in_folder, in_packages  # noqa: PLC0415

        return (*in_folder(folder), *in_packages(entry_points(group=GROUP)))

    return find


def _file(profile: Profile) -> str:
    code = getattr(profile.declare, "__code__", None)
    return getattr(code, "co_filename", "") or "tasks.py"
