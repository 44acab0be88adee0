"""A person's home and a repo for tests of project files: text in, a project or its faults out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nopal.built_in import HostSize
from nopal.errors import Fault, ProjectFaults
from nopal.load import load_project
from nopal.paths import Paths
from nopal.project import GIB, Project

BIG_HOST = HostSize(cpus=16, memory_bytes=64 * GIB)
BLOG_URL = "git@github.com:me/blog.git"


@dataclass(frozen=True)
class Desk:
    """Where a person sits: a home, perhaps a projects.toml, and a git repo `blog`."""

    root: Path

    @property
    def paths(self) -> Paths:
        return Paths.from_environment({"NOPAL_HOME": "/n"}, is_root=False, home=self.root / "home")

    @property
    def person_file(self) -> Path:
        return self.paths.config_file

    @property
    def repo(self) -> Path:
        return self.root / "blog"

    @property
    def repo_file(self) -> Path:
        return self.repo / ".nopal.toml"

    def write_person(self, text: str) -> Desk:
        self.person_file.parent.mkdir(parents=True, exist_ok=True)
        self.person_file.write_text(text, encoding="utf-8")
        return self

    def write_repo(self, text: str) -> Desk:
        (self.repo / ".git").mkdir(parents=True, exist_ok=True)
        self.repo_file.write_text(text, encoding="utf-8")
        return self

    def load(
        self,
        name: str = "",
        *,
        cwd: Path | None = None,
        origin: str = BLOG_URL,
        flags: Mapping[str, object] | None = None,
        owner_of: Callable[[str], Path | None] = lambda _: None,
        fork_of: Callable[[str], str] = lambda _: "",
        host: HostSize = BIG_HOST,
    ) -> Project:
        return load_project(
            name,
            paths=self.paths,
            cwd=cwd or (self.repo if self.repo.is_dir() else self.root),
            origin_of=lambda _: origin,
            flags=flags,
            owner_of=owner_of,
            fork_of=fork_of,
            host=host,
        )

    def faults(self, name: str = "", **given: Mapping[str, object]) -> tuple[Fault, ...]:
        """Load what must not load."""
        try:
            project = self.load(name, flags=given.get("flags"))
        except ProjectFaults as error:
            return error.faults
        raise AssertionError(f"loaded all the same: {project}")
