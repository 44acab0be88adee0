"""A machine is kept before an agent works in it that nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from nopal.standing import Standing

if TYPE_CHECKING:
    from provision.transport.address import SshAddress


@dataclass(frozen=True)
class Stood(Standing):
    """A standing that notes what is done, in its order."""

    done: list[str] = field(default_factory=list)

    def ready(self, needs: str = "") -> SshAddress:
        self.done.append(f"ready {needs}".strip())
        return cast("SshAddress", len(self.done))


def standing(checkpoint: str) -> Stood:
    done: list[str] = []

    def make() -> tuple[Any, bool]:
        done.append("kept")
        return SimpleNamespace(name="c1"), False

    @contextmanager
    def reporter(name: str) -> Iterator[Any]:
        yield SimpleNamespace(say=lambda line: done.append(f"{name}: {line}"))

    workspace = SimpleNamespace(
        reporter=reporter, checkpoints=lambda name, reporter: SimpleNamespace(make=make)
    )
    project = SimpleNamespace(name="blog", checkpoint=checkpoint)
    return Stood(cast("Any", workspace), cast("Any", project), done)


def test_a_project_that_asks_for_it_is_kept_once_its_machine_is_ready() -> None:
    stood = standing("detached")
    address = stood.ready_alone("claude")
    undo = "blog: undo all that follows: inv rewind --name c1 -p blog"
    assert stood.done == ["ready claude", "kept", undo, "ready"]
    assert address == len(stood.done)  # where it is afterwards: it may have been stopped for it


def test_any_other_is_just_made_ready() -> None:
    stood = standing("never")
    stood.ready_alone("claude")
    assert stood.done == ["ready claude"]
