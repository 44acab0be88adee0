"""Keys in files of git's configuration format."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Step
from .path import require_path
from .write import parent_word

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(\..+)?\.[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True)
class GitConfig(Step):
    """A key of a git configuration file with this value, whatever characters it holds.

    A tuple gives all values of a key that may have several; an empty one removes the key. Every
    other key of the file stays. The default file is nopal's own, to be included by the user's.
    State: the whole file as `git config --list -z` has it, in base64.
    """

    kind = "git-config"
    keeps_state_in_log = False

    key: str
    value: str | tuple[str, ...]
    path: str = field(default="~/.config/nopal/gitconfig", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what git would refuse; let `~/` choose who runs."""
        require_path(self.path)
        if self.path.startswith("~/"):
            object.__setattr__(self, "run_as", "login")
        if not _KEY.fullmatch(self.key) or any("\0" in value for value in self.values):
            message = f"no key of a git configuration: {self.key!r} = {self.value!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The file and the key."""
        return f"{self.path}#{self.key}"

    @property
    def values(self) -> tuple[str, ...]:
        """All values, also of a key with one."""
        return (self.value,) if isinstance(self.value, str) else self.value

    def probe(self) -> str:
        """Read the whole file."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Set the key when it has other values."""
        del facts
        if state == "broken":
            return Change(f"git cannot read {self.path}: mend it", "")
        if _values_of(self.key, state) == self.values:
            return None
        path = quote_path(self.path)
        key = quote(self.key)
        lines = [f"mkdir -p -- {parent_word(self.path)}"]
        if len(self.values) == 1:
            lines.append(f"git config -f {path} --replace-all {key} {quote(self.values[0])}")
        else:
            # 5: there was none.
            lines.append(f'git config -f {path} --unset-all {key} || [ "$?" = 5 ]')
            lines += [f"git config -f {path} --add {key} {quote(value)}" for value in self.values]
        verb = f"set {self.key} in" if self.values else f"remove {self.key} from"
        return Change(f"{verb} {self.path}", "\n".join(lines))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Read each file once, a line for each."""
        words = " ".join(quote_path(path) for path in _paths(steps))
        return "\n".join(
            [
                "nopal_settings() {",
                'for f do if [ ! -e "$f" ]; then echo',
                'elif ! git config -f "$f" -l >/dev/null; then echo broken',
                'else git config -f "$f" -z -l | base64 -w 0; echo; fi; done',
                "}",
                f"nopal_settings {words}",
            ]
        )

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return for each step the line of its file."""
        lines = output.split("\n")
        paths = _paths(steps)
        lines += [""] * (len(paths) - len(lines))
        by_path = dict(zip(paths, lines, strict=False))
        return [by_path[step.path] for step in steps if isinstance(step, GitConfig)]


def _paths(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(step.path for step in steps if isinstance(step, GitConfig)))


def _values_of(key: str, state: str) -> tuple[str, ...]:
    try:
        text = base64.b64decode(state, validate=True).decode("utf-8", "surrogateescape")
    except binascii.Error as error:
        message = f"the configuration could not be read ({error})"
        raise ValueError(message) from error
    wanted = _canonical(key)
    found = []
    for entry in text.split("\0"):
        # A key without `=` has no newline, and means true.
        has, newline, value = entry.partition("\n")
        if has and _canonical(has) == wanted:
            found.append(value if newline else "true")
    return tuple(found)


def _canonical(key: str) -> str:
    """Return `key` as git lists it: section and variable in small letters."""
    section, dot, rest = key.partition(".")
    between, last_dot, variable = rest.rpartition(".")
    return f"{section.lower()}{dot}{between}{last_dot}{variable.lower()}"
