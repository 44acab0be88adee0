"""Steps: the one thing a profile declares and a user may subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from .facts import Facts

RunAs = Literal["root", "login"]
"""Who runs a step's shell: root, inside one sudo, or the user who logged in."""


@dataclass(frozen=True)
class Rewrite:
    """A file whose whole content a change replaces."""

    path: str
    content: str = field(repr=False)


@dataclass(frozen=True)
class Edit:
    """A file, perhaps somebody else's, of which a change replaces some lines."""

    path: str
    produce: str = field(repr=False)
    """Shell that prints what the file `"$nopal_to"`, which may not be there, is to hold."""


@dataclass(frozen=True)
class Bulk:
    """Data that a change's script prints; a transport that can, sends it as a file."""

    data: bytes = field(repr=False)
    printing: str = field(repr=False)
    """The very words of the script that print the data; any command that does will do."""


@dataclass(frozen=True)
class Change:
    """What will be done to a guest so that a step's state is the wanted one."""

    summary: str
    """One line for a person, such as `install curl`."""
    script: str
    """POSIX shell, run under `set -e`, as the step's `run_as`.

    Empty means that nothing can be done: the step is a check, and it fails. It is judged when
    no other change is left to apply.
    """
    diff: str = ""
    """A unified diff where one can be shown."""
    bulk: Bulk | None = field(default=None, kw_only=True)
    """Data in the script that is large enough to travel apart from it."""
    is_provable: bool = field(default=True, kw_only=True)
    """False when no probe can see the change (a command without a guard): success is all."""
    rewrites: tuple[Rewrite | Edit, ...] = field(default=(), kw_only=True)
    """Files that are there and that no state holds: a plan fetches them and adds to the diff.

    Never one that may hold a secret.
    """


@dataclass(frozen=True)
class Step(ABC):
    """One fact about a guest that shall hold.

    A subclass is a frozen dataclass that gives `kind`, `name`, `probe` and `plan`. It is only data:
    nothing runs when one is made.
    """

    kind: ClassVar[str] = "step"
    needs_new_login: ClassVar[bool] = False
    """Whether such a change counts only after a new login; the engine then logs in anew."""
    only_proves: ClassVar[bool] = False
    """Whether it changes nothing, and shows what the other steps did."""
    keeps_state_in_log: ClassVar[bool] = True
    """False where the state is a whole file of the user's, which may hold secrets."""
    merges_after: ClassVar[tuple[str, ...]] = ()
    """Kinds whose pending changes a merged change must not move in front of."""

    run_as: RunAs = field(default="root", kw_only=True)
    """Who probes and changes."""
    tags: tuple[str, ...] = field(default=(), kw_only=True)
    """Words by which a person selects steps; a profile's name is one of them."""
    needs_agent: bool = field(default=False, kw_only=True)
    """Whether the change needs the forwarded SSH agent; such a change gets an exec of its own."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What makes this step one among its kind, such as a path or a package."""

    @property
    def id(self) -> str:
        """`kind:name`, by which output, selectors and errors name the step."""
        return f"{self.kind}:{self.name}"

    @property
    def shares(self) -> str:
        """What the step's change makes anew as a whole, such as a file; empty for nothing.

        All changes of one such thing were planned from one look at it, so that merged ones are
        never taken apart: they succeed or fail together.
        """
        return ""

    @abstractmethod
    def probe(self) -> str:
        """Return shell whose output is this step's state: cheap, and without side effects."""

    @abstractmethod
    def plan(self, state: str, facts: Facts) -> Change | None:
        """Return what must be done, or None when `state` is the wanted one. Pure.

        `state` is the probe's output without its last newlines.
        """

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str | None:
        """Return one script that probes all `steps`, or None to probe each by itself."""
        del steps
        return None

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each step's state from `batch_probe`'s output, in the order of `steps`."""
        raise NotImplementedError(f"{cls.__name__} probes in a batch but does not read one")

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change | None:
        """Return one change that does all `changes` of this kind, or None to apply each by itself.

        What the merged change covers may move forward to where the first of `steps` stands.
        """
        del steps, changes
        return None
