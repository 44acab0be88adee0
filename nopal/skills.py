"""Skills of agents from folders of this computer, read to be copied into a machine.

Only what the person named is read: no link below a skill is followed, so that one who wrote a skill
cannot have other files of this computer sent along.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard.errors import GuardError
from profiles.guest import Skill, SkillFile
from profiles.skills import SKILL_NAME

_MARK = "SKILL.md"
_MOST_FILES = 400
_MOST_BYTES = 4 << 20


@dataclass(eq=False)
class BadSkills(GuardError):
    """A folder that holds no skills, or more than a machine is given."""

    folder: Path
    reason: str

    def __str__(self) -> str:
        return f"the skills of {self.folder} can't be given to the machine: {self.reason}"


def read_skills(folders: Sequence[Path]) -> tuple[Skill, ...]:
    """Return the skills of all folders; each is a skill itself, or has skills for subfolders.

    Of two with one name the later one counts. Hidden files and links are left out.

    Raises:
        BadSkills: a folder can't be read, has no skills, or they are too many or too large.
    """
    found: dict[str, Skill] = {}
    for folder in folders:
        try:
            for skill in _skills_in(folder):
                found[skill.name] = skill
        except OSError as error:
            raise BadSkills(folder, f"{error.strerror}: {error.filename}") from error
        files = [file for skill in found.values() for file in skill.files]
        if len(files) > _MOST_FILES or sum(len(file.content) for file in files) > _MOST_BYTES:
            limit = f"{_MOST_FILES} files and {_MOST_BYTES >> 20} MiB"
            raise BadSkills(folder, f"with it they are more than {limit}")
    return tuple(found[name] for name in sorted(found))


def _skills_in(folder: Path) -> Iterator[Skill]:
    # The folder of a skill may be a link of the person's own: it is the usual way to share one.
    places = [folder] if (folder / _MARK).is_file() else sorted(folder.iterdir())
    shown = (place for place in places if not place.name.startswith("."))
    skills = [place for place in shown if (place / _MARK).is_file()]
    if not skills:
        raise BadSkills(folder, f"no folder in it has a {_MARK}")
    for place in skills:
        if not SKILL_NAME.fullmatch(place.name):
            raise BadSkills(folder, f"{place.name!a} can't name a skill")
        yield Skill(place.name, tuple(_files(folder, place)))


def _files(folder: Path, place: Path) -> Iterator[SkillFile]:
    count = size = 0
    for top, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(top, name)
            status = path.lstat()
            if name.startswith(".") or not stat.S_ISREG(status.st_mode):
                continue
            below = str(path.relative_to(place))
            if not below.isprintable():
                raise BadSkills(folder, f"{below!a} has a name that no line can hold")
            count, size = count + 1, size + status.st_size
            if count > _MOST_FILES or size > _MOST_BYTES:
                raise BadSkills(folder, f"{place.name} alone is too large")
            yield SkillFile(below, path.read_bytes(), bool(status.st_mode & stat.S_IXUSR))
