"""Users and their groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, Step

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def _require_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        message = f"no name of a {what}: {name!r}"
        raise ValueError(message)


@dataclass(frozen=True)
class User(Step):
    """A user with a home; `shell` is the login shell, or empty to leave it alone.

    State: the user's line of passwd, or nothing.
    """

    kind = "user"

    user: str
    shell: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what `useradd` would refuse."""
        _require_name(self.user, "user")

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user

    def probe(self) -> str:
        """Look the user up."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Make the user, or set the login shell."""
        del facts
        shell = state.rpartition(":")[2]
        if state and self.shell in {"", shell}:
            return None
        lines = []
        if self.shell:
            wrong = f"{self.shell} is not installed"
            lines.append(f"[ -x {quote(self.shell)} ] || {{ echo {quote(wrong)}; exit 1; }}")
        option = f" --shell {quote(self.shell)}" if self.shell else ""
        if state:
            lines.append(f"usermod{option} -- {self.user}")
            return Change(f"give {self.user} the shell {self.shell}", "\n".join(lines))
        lines.append(f"useradd --create-home{option} -- {self.user}")
        return Change(f"make the user {self.user}", "\n".join(lines))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Look all users up with one `getent`."""
        names = [step.user for step in steps if isinstance(step, User)]
        # getent fails when one of them is not there.
        return f"getent passwd {join(names)} || :"

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each user's line."""
        lines = {line.partition(":")[0]: line for line in output.split("\n")}
        return [lines.get(step.name, "") for step in steps]


@dataclass(frozen=True)
class Member(Step):
    """A user's membership in a supplementary group; the group must be there.

    State: the group's line of `getent group`. Membership counts from the next login on, so the
    engine logs in anew after such a change.
    """

    kind = "member"
    needs_new_login: ClassVar[bool] = True

    user: str
    group: str

    def __post_init__(self) -> None:
        """Refuse what `usermod` would refuse."""
        _require_name(self.user, "user")
        _require_name(self.group, "group")

    @property
    def name(self) -> str:
        """User and group."""
        return f"{self.user}:{self.group}"

    def probe(self) -> str:
        """Look the group up."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Add the user to the group."""
        del facts
        if self.user in state.rpartition(":")[2].split(","):
            return None
        script = f"usermod --append --groups {self.group} -- {self.user}"
        return Change(f"add {self.user} to the group {self.group}", script)

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Look all groups up with one `getent`."""
        groups = sorted({step.group for step in steps if isinstance(step, Member)})
        return f"getent group {join(groups)} || :"

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return the line of each step's group."""
        lines = {line.partition(":")[0]: line for line in output.split("\n")}
        return [lines.get(step.group, "") for step in steps if isinstance(step, Member)]
