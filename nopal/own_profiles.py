"""A person's own profiles: files of a folder, and packages that are installed.

Both are code that runs on this computer, so a file that somebody else could have written is
refused. Nothing is imported before a verb needs a profile that nopal does not bring.
"""

from __future__ import annotations

import os
import stat
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from profiles.profile import Profile

from .errors import Place, ProjectError

GROUP = "nopal.profiles"
"""The entry points by which a package offers profiles, each under the profile's name."""


@dataclass(eq=False)
class BrokenProfiles(ProjectError):
    """A file or package of profiles that cannot be imported, or holds none."""

    place: Place | str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}\n  mend it, or take it away"


@dataclass(eq=False)
class UntrustedFile(ProjectError):
    """A file that runs as this person's code and that others may have written."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} is not run: {self.reason}\n  if it is yours: chown $USER, chmod go-w"


@dataclass(frozen=True)
class Found:
    """A profile, and where it is from."""

    profile: Profile
    origin: str


def in_folder(folder: Path) -> Iterator[Found]:
    """Import the files of `folder` in the order of their names, and yield their profiles.

    Raises:
        UntrustedFile: the folder or a file is somebody else's, or everybody may write to it.
        BrokenProfiles: a file cannot be imported, or holds no profile.
    """
    try:
        files = sorted(each for each in folder.iterdir() if _is_meant(each))
    except (FileNotFoundError, NotADirectoryError):
        return
    if files:
        _check(folder, folder.stat())
    for file in files:
        module = _import(file)
        own = [each for each in vars(module).values() if isinstance(each, Profile)]
        # Not those that the file itself imported.
        own = [each for each in own if getattr(each.declare, "__module__", "") == module.__name__]
        if not own:
            raise BrokenProfiles(Place(file), "it holds no function under @profile")
        yield from (Found(each, str(file)) for each in own)


def in_packages(entry_points: Iterable[EntryPoint]) -> Iterator[Found]:
    """Import what installed packages offer, and yield their profiles.

    Raises BrokenProfiles: one cannot be imported, or is no profile of the name it is offered under.
    """
    for entry in entry_points:
        dist = entry.dist
        place = f"package {dist.name} {dist.version}" if dist else f"entry point {entry.name}"
        try:
            profile = entry.load()
        except Exception as error:
            raise BrokenProfiles(place, f"{entry.value}: {_words(error)}") from error
        if not isinstance(profile, Profile) or profile.label != entry.name:
            raise BrokenProfiles(place, f"{entry.value} is no profile `{entry.name}`")
        yield Found(profile, place)


def _is_meant(path: Path) -> bool:
    return path.suffix == ".py" and not path.name.startswith((".", "_"))


def _check(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise UntrustedFile(path, f"it belongs to user {status.st_uid}")
    if status.st_mode & stat.S_IWOTH:
        raise UntrustedFile(path, "everybody may write to it")


def _import(path: Path) -> ModuleType:
    name = f"nopal_own_profiles:{path}"
    if name in sys.modules:
        return sys.modules[name]
    # By hand: what is run is what was checked, with no cached bytecode in its place.
    with path.open("rb") as file:
        _check(path, os.fstat(file.fileno()))
        source = file.read()
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look themselves up
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 - the person's own code
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise BrokenProfiles(Place(path, _line(path, error)), _words(error)) from error
    return module


def _line(path: Path, error: BaseException) -> int | None:
    """Return the line of the file itself that led to the error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((each.lineno for each in reversed(frames) if each.filename == str(path)), None)


def _words(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}".replace("\n", " ")
