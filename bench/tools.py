"""What a tool is here: a folder with the work in its own words, and a command that does it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from .clock import Command
from .link import Link
from .server import HOST
from .workload import Workload

RECIPES = Path(__file__).with_name("recipes")
ROOT = RECIPES.parent.parent
FABRIC = "nopal, Fabric"
MASTER = "nopal, live master"


@dataclass(frozen=True)
class Installation:
    """A Python that has nopal; this one and the checkout unless another is named."""

    python: str = sys.executable
    path: str = str(ROOT)
    """Where Python finds nopal; empty where it is installed."""

    @property
    def invoke(self) -> tuple[str, ...]:
        """What a person types as `inv`."""
        return (self.python, "-m", "invoke")

    @property
    def environment(self) -> dict[str, str]:
        """What its Python needs."""
        return {"PYTHONPATH": self.path} if self.path else {}

    def tools(self) -> tuple[Tool, ...]:
        """Return nopal by each of its ways to a guest."""
        return (
            Tool(FABRIC, "nopal", lambda _: (*self.invoke, "apply"), lambda _: self.environment),
            Tool(
                MASTER,
                "nopal",
                lambda _: (*self.invoke, "apply", "--master"),
                lambda _: self.environment,
            ),
        )


@dataclass(frozen=True)
class Case:
    """One tool's folder for one workload over one link."""

    folder: Path
    link: Link
    work: Workload


@dataclass(frozen=True)
class Tool:
    """A way to converge."""

    name: str
    recipe: str
    """Its folder of recipes."""
    words: Callable[[Case], tuple[str, ...]]
    environment: Callable[[Case], Mapping[str, str]] = lambda _case: {}

    @property
    def is_ours(self) -> bool:
        """Whether it is nopal."""
        return self.name in {FABRIC, MASTER}

    def prepare(self, case: Case) -> Command:
        """Write the case's folder; return the command that converges."""
        shutil.copytree(RECIPES / self.recipe, case.folder)
        link = case.link
        target = {
            "alias": HOST,
            "port": link.port,
            "key": str(link.key),
            "known_hosts": str(link.known_hosts),
            "master": str(link.master),
            "scratch": str(link.place / "locks"),
            "ssh_config": str(link.ssh_config),
        }
        content = {"target": target, "work": asdict(case.work)}
        (case.folder / "case.json").write_bytes(msgspec.json.encode(content))
        environment = clean_environment(case.link.server.place / "home")
        return Command(self.words(case), case.folder, {**environment, **self.environment(case)})


def clean_environment(home: Path) -> dict[str, str]:
    """Return what a tool needs of this process's environment, with a home of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home)}
