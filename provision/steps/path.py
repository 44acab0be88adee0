"""What all kinds that stand for a path share: where it may be, and one look at many paths.

Knows nothing of contents; writing is in `write.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..shell import quote_path
from ..step import Step


@dataclass(frozen=True)
class PathStep(Step):
    """A step about one path of the guest.

    A path that begins with `~/` means the login user's home, and the step then runs as that user.
    """

    path: str

    def __post_init__(self) -> None:
        """Refuse a path that depends on a working directory; let `~/` choose who runs."""
        require_path(self.path)
        if self.path.startswith("~/"):
            object.__setattr__(self, "run_as", "login")

    @property
    def name(self) -> str:
        """The path as it was declared."""
        return self.path


def require_path(path: str) -> None:
    """Raise ValueError unless `path` is absolute or begins with `~/`, and names something there."""
    if not path.startswith(("/", "~/")) or path in {"/", "~/"} or "\0" in path:
        message = f"a path of a guest begins with / or ~/: {path!r}"
        raise ValueError(message)


@dataclass(frozen=True)
class Look:
    """What one path was when it was looked at."""

    kind: str
    """`file`, `unreadable` (a file too), `directory`, `link`, `other` or `absent`."""
    mode: str = ""
    owner: str = ""
    group: str = ""
    digest: str = ""
    """SHA-256 of a readable file, where it was asked for."""

    def has_mode(self, mode: str) -> bool:
        """Whether the permissions are `mode`, an octal number such as `0644`."""
        return bool(self.mode) and int(self.mode, 8) == int(mode, 8)


AT_ONCE = 400
"""How many paths one program gets; each is 4 KiB at most, and the kernel takes 2 MiB."""

_KINDS = {"f": "file", "u": "unreadable", "d": "directory", "l": "link", "o": "other"}


def look_at(paths: Sequence[str], *, follow: bool = False, digests: bool = False) -> str:
    """Return shell that looks at all `paths` with one `stat` and at most one `sha256sum`.

    Its output is one line with a letter for each path, a line of `stat` for each that is there, and
    a line of `sha256sum` for each readable file (which escapes newlines in names). With `follow` a
    link counts as what it points to.
    """
    stat = "stat -L" if follow else "stat"
    is_link = "false" if follow else '[ -L "$p" ]'
    # The tests are built into the shell. Where all is there, as mostly, the one program gets the
    # names at once; else xargs gets those that are, and keeps to the kernel's limit of arguments.
    lines = [
        "nopal_look() {",
        "nopal_there=0; nopal_files=0",
        "for p do",
        f"if {is_link}; then printf l",
        'elif [ -d "$p" ]; then printf d',
        'elif [ -f "$p" ] && [ -r "$p" ]; then printf f; nopal_files=$((nopal_files + 1))',
        'elif [ -f "$p" ]; then printf u',
        'elif [ -e "$p" ]; then printf o',
        "else printf -- -; continue",
        "fi",
        "nopal_there=$((nopal_there + 1))",
        "done",
        "echo",
        f"if [ $# = $nopal_there ] && [ $# -le {AT_ONCE} ]; then",
        f"{stat} -c '%a %U %G' -- \"$@\"; else",
        f'for p do if [ -e "$p" ] || {is_link}; then printf "%s\\0" "$p"; fi; done |',
        f"xargs -0 -r {stat} -c '%a %U %G' --",
        "fi",
    ]
    if digests:
        lines += [
            f'if [ $# = $nopal_files ] && [ $# -le {AT_ONCE} ]; then sha256sum -- "$@"; else',
            f'for p do if [ -f "$p" ] && [ -r "$p" ] && ! {is_link}; then'
            ' printf "%s\\0" "$p"; fi; done |',
            "xargs -0 -r sha256sum --",
            "fi",
        ]
    words = " ".join(quote_path(path) for path in paths)
    return "\n".join([*lines, "}", f"nopal_look {words}"])


def split_looks(count: int, output: str) -> list[str]:
    """Return the part of `look_at`'s output that belongs to each of `count` paths.

    Each part reads like the output for that path alone, so that `read_look` reads both.
    """
    letters, _, rest = output.partition("\n")
    # Not splitlines, which takes more than a newline for the end of a line.
    lines = iter(rest.split("\n"))
    letters = letters.ljust(count, "-")
    present = {i: next(lines, "") for i in range(count) if letters[i] != "-"}
    digests = {i: next(lines, "") for i in range(count) if letters[i] == "f"}
    return [
        "\n".join([letters[i], present.get(i, ""), digests.get(i, "")]).rstrip("\n")
        for i in range(count)
    ]


def read_look(state: str) -> Look:
    """Return what `state`, the output of `look_at` for one path, says."""
    letter, stat, digest = [*state.split("\n"), "", "", ""][:3]
    mode, owner, group = [*stat.split(" "), "", "", ""][:3]
    # sha256sum puts a backslash before the digest when it had to escape the name.
    return Look(_KINDS.get(letter, "absent"), mode, owner, group, digest.lstrip("\\")[:64])
