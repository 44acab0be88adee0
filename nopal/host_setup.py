"""Getting onto this computer what machines need, with the person's consent."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .machine_errors import MachineError

if TYPE_CHECKING:
    from lima.images import Image
    from lima.setup.requirement import Requirement

    from .workspace import Workspace


@dataclass(eq=False)
class HostLacks(MachineError):
    """This computer lacks something, and nobody said that it may be installed."""

    wanted: tuple[tuple[str, str, str], ...]
    """Name, purpose and command of each."""

    def __str__(self) -> str:
        lines = [f"  {name} ({why}): {command}" for name, why, command in self.wanted]
        return "\n".join(["this computer lacks:", *lines, "let nopal install it: inv setup --yes"])


class HostSetup:
    """Sees to it, once, that this computer has what machines need."""

    def __init__(self, workspace: Workspace, images: Sequence[Image], *, may_install: bool) -> None:
        self._workspace = workspace
        self._images = images
        self._may_install = may_install
        self._lock = threading.Lock()
        self._is_done = False

    def __call__(self) -> None:
        """Install what is missing; ask first where a person can answer.

        Raises:
            HostLacks: something is missing and may not be installed.
            LimaError: an installation failed.
        """
        with self._lock:
            if self._is_done:
                return
            self._say_how_machines_run()
            lacking = self.missing()
            if lacking and not self._may_install:
                self._ask(lacking)
            for requirement in lacking:
                title = f"setup: {requirement.name} ({requirement.command})"
                with (
                    self._workspace.reporter("setup") as reporter,
                    reporter.activity(requirement.name) as on_line,
                ):
                    on_line(title)
                    requirement.install(on_line)
            self._is_done = True

    def missing(self) -> tuple[Requirement, ...]:
        """Return what this computer lacks, in the order in which it is to be installed."""
        from lima.host import detect  # noqa: PLC0415
        from lima.setup import missing, requirements  # noqa: PLC0415

        found: dict[str, Requirement] = {}
        for image in self._images or (None,):
            wanted = requirements(
                detect(), self._workspace.paths.lima, image, self._workspace.environ
            )
            found.update({one.name: one for one in missing(wanted)})
        return tuple(found.values())

    def _say_how_machines_run(self) -> None:
        from lima.host import detect  # noqa: PLC0415

        why = detect().why_emulated
        if why:
            self._workspace.screen.line(f"machines are emulated here, which is slow: {why}")

    def _ask(self, lacking: Sequence[Requirement]) -> None:
        lacks = HostLacks(tuple((one.name, one.why, one.command) for one in lacking))
        if not sys.stdin.isatty():
            raise lacks
        for line in str(lacks).splitlines()[:-1]:
            self._workspace.screen.line(line)
        if not confirm("install it?"):
            raise lacks


def confirm(question: str) -> bool:
    """Ask on the terminal; only a yes is a yes."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
