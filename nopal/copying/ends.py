"""What is copied where: `blog:code/x` is in a machine, anything else is here. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from ..errors import ProjectError


@dataclass(eq=False)
class NotOneMachine(ProjectError):
    """Both ends of a copy are here, or both are in machines."""

    source: str
    dest: str

    def __str__(self) -> str:
        return (
            f"one of `{self.source}` and `{self.dest}` must be in a machine, and only one\n"
            "  such as `blog:code/x`, or `:code/x` for the project here; a file here: `./a:b`"
        )


@dataclass(eq=False)
class Nameless(ProjectError):
    """A path says where, and not what."""

    path: str

    def __str__(self) -> str:
        return (
            f"`{self.path}` names no file or folder\n"
            "  give its own name, or a new one as the destination, such as `./home`"
        )


@dataclass(frozen=True)
class End:
    """One end of a copy."""

    path: str
    project: str | None = None
    """None: on this computer; "": in the machine of the project one stands in."""

    @property
    def last(self) -> str:
        """The last part of the path, as it was typed; "" where there is none."""
        return posixpath.basename(self.path.rstrip("/"))

    @property
    def name(self) -> str:
        """The last part of the path. Raises Nameless where it has none of its own."""
        name = self.last
        if name in {"", ".", "..", "~"}:
            raise Nameless(self.path)
        return name

    @property
    def wants_folder(self) -> bool:
        """Whether it was typed as a folder that is there."""
        return self.path.endswith("/")


@dataclass(frozen=True)
class Copy:
    """What was asked for."""

    source: End
    dest: End

    @property
    def project(self) -> str:
        """The machine's project; "" for the one that one stands in."""
        return self.source.project or self.dest.project or ""


def read_ends(source: str, dest: str) -> Copy:
    """Read both arguments of `cp`. Raises NotOneMachine."""
    copy = Copy(_end(source), _end(dest))
    if (copy.source.project is None) == (copy.dest.project is None):
        raise NotOneMachine(source, dest)
    return copy


def _end(text: str) -> End:
    before, colon, path = text.partition(":")
    if not colon or "/" in before:
        return End(text)
    return End(path, before)


def in_home(path: str) -> str:
    """Return a path of a machine as the shell there reads it: `code/x` counts from the home."""
    if path in {"", "~"}:
        return "~/."
    return path if path.startswith(("/", "~/")) else f"~/{path}"
