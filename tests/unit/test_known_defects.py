"""Defects of the best known tool, each held off where a pure test can see it.

Those that need processes are in tests/ssh/test_known_defects_real.py; many more are covered by the
tests of the module they concern.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from invoke import Exit

from lima.driver import LimaDriver
from lima.host import Host
from lima.images import catalogue as image_called
from lima.limactl import Limactl
from lima.paths import LimaPaths
from lima.process import Completed
from lima.spec import MachineSpec
from lima.template import render
from nopal.catalogue import Catalogue
from nopal.errors import ProjectFaults, ProjectTakenOver
from nopal.host_setup import HostSetup
from nopal.paths import Paths
from nopal.preflight import prepare_all
from nopal.project import RepoEntry
from nopal.schema import RepoTable
from nopal.screen import PlainScreen
from nopal.state import MachineState
from nopal.tasks.verb import explained
from nopal.values import parse_value
from nopal.workspace import Workspace
from profiles.catalogue import load
from provision.errors import StepFailed

GIB = 1024**3


@dataclass
class Desk:
    """A person's home with a repo in it, and what nopal shows there."""

    root: Path
    screen: io.StringIO = field(default_factory=io.StringIO)

    @property
    def repo(self) -> Path:
        return self.root / "blog"

    @property
    def workspace(self) -> Workspace:
        environ = {"PATH": str(self.root / "bin"), "NOPAL_HOME": str(self.root / "n")}
        paths = Paths.from_environment(environ, is_root=False, home=self.root)
        return Workspace(
            paths,
            environ,
            self.repo,
            PlainScreen(self.screen),
            Catalogue(load()),
        )

    def write(self, repo_file: str) -> Workspace:
        (self.repo / ".git").mkdir(parents=True, exist_ok=True)
        (self.repo / ".nopal.toml").write_text(repo_file, encoding="utf-8")
        return self.workspace

    def stand_in(self, program: str) -> Path:
        """Put a program on PATH that notes that it was called, and fails."""
        called = self.root / f"{program}-was-called"
        (self.root / "bin").mkdir(exist_ok=True)
        file = self.root / "bin" / program
        file.write_text(f'#!/bin/sh\necho "$@" >>{called}\nexit 1\n', encoding="utf-8")
        file.chmod(0o755)
        return called


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)


# 1. An entry of a repo's file that git takes for an option runs a command on the host.


@pytest.mark.parametrize(
    "url", ["--upload-pack=touch pwned", "ext::sh -c touch% pwned", "-u", "git@h:$(touch pwned)"]
)
def test_no_program_sees_an_entry_of_a_repos_file_that_is_no_plain_url(
    desk: Desk, url: str
) -> None:
    asked = desk.stand_in("git")
    workspace = desk.write(f'name = "blog"\nrepos = ["{url}"]\n')
    project = workspace.project()
    with pytest.raises(ProjectFaults, match=r"\.nopal\.toml:2: the repo "):
        prepare_all(workspace, [project])
    assert "ls-remote" not in (asked.read_text() if asked.exists() else "")


# 2. Profile names are paths.


@pytest.mark.parametrize("name", ["/etc/passwd", "../../x", "a/b", ".", "docker.py", "--help"])
def test_a_profile_of_a_repos_file_is_a_name_and_never_a_path(desk: Desk, name: str) -> None:
    with pytest.raises(ProjectFaults, match="names of profiles"):
        desk.write(f'name = "blog"\nprofiles = ["{name}"]\n').project()


# 4. A checkout claims the name of another project's machine, and bare commands hit that one.


@pytest.mark.parametrize("owner", ["", "/home/me/blog"], ids=["the person's", "another repo's"])
@pytest.mark.parametrize("meant", [Workspace.project, lambda w: w.names(())], ids=["up", "destroy"])
def test_no_verb_takes_a_checkouts_word_for_a_machine_that_is_not_its_own(
    desk: Desk, owner: str, meant: Callable[[Workspace], object]
) -> None:
    workspace = desk.write('name = "blog"\n')
    workspace.states.write(MachineState(name="blog", owner=owner))
    with pytest.raises(ProjectTakenOver):
        meant(workspace)
    workspace.states.write(MachineState(name="blog", owner=str(desk.repo)))
    meant(workspace)


# 6. A misspelt switch silently leaves the agent forwarded.


@pytest.mark.parametrize("key", ["forward_agent", "forward-agent", "forwardAgent", "ssh"])
def test_a_switch_that_nopal_does_not_have_is_refused_and_not_ignored(desk: Desk, key: str) -> None:
    with pytest.raises(ProjectFaults, match=f"unknown key `{key}`"):
        desk.write(f'name = "blog"\n{key} = false\n').project()


# 18. What is cloned already needs no network: the host's access is not asked for again.


def test_access_is_asked_only_for_repos_that_are_not_cloned_yet(desk: Desk) -> None:
    asked = desk.stand_in("git")
    workspace = desk.write(
        'name = "blog"\nrepos = ["git@example.org:me/blog.git", "git@example.org:me/new.git"]\n'
        "profiles = []\n"
    )
    workspace.states.write(
        MachineState(name="blog", owner=str(desk.repo), cloned=("git@example.org:me/blog.git",))
    )
    with pytest.raises(ProjectFaults):
        prepare_all(workspace, [workspace.project()])
    (line,) = [line for line in asked.read_text().splitlines() if "ls-remote" in line]
    assert "me/new.git" in line


# 32. A folder for a clone, however it is written, is the same folder.


@pytest.mark.parametrize("path", ["work/x", "work/x/", "~/code/work/x", "./work//x"])
def test_a_clones_folder_is_the_one_that_is_written(path: str) -> None:
    given = [RepoTable(url="git@example.org:me/x.git", path=path)]
    assert parse_value("repos", given, home=Path("/")) == (
        RepoEntry("git@example.org:me/x.git", path="work/x"),
    )


# 33. A disk that is to be smaller than it is passes every check, and the machine starts no more.


def test_a_disk_never_shrinks(tmp_path: Path) -> None:
    spec = MachineSpec(
        name="blog",
        image=image_called("debian-13", "x86_64"),
        vm_type="qemu",
        machine="x86_64",
        disk_gib=40,
    )
    folder = tmp_path / "blog"
    folder.mkdir()
    file = folder / "lima.yaml"
    file.write_text(render(spec), encoding="utf-8")
    listed = {"name": "blog", "dir": str(folder), "status": "Stopped", "disk": 40 * GIB}

    def run(*_arguments: object, **_named: object) -> Completed:
        return Completed(0, json.dumps(listed))

    driver = LimaDriver(
        Limactl(run),
        LimaPaths(tmp_path, tmp_path / "tools", tmp_path / "images"),
        Host("Linux", "x86_64", has_hardware_virtualisation=False),
    )
    assert driver.update(replace(spec, disk_gib=20)) is False
    assert driver.update(replace(spec, disk_gib=20, cpus=8)) is True
    assert file.read_text(encoding="utf-8") == render(replace(spec, cpus=8))
    assert driver.update(replace(spec, disk_gib=60)) is True
    assert "60GiB" in file.read_text(encoding="utf-8")


# What a guest says stands in errors, and a terminal obeys what it is shown.


def test_an_error_that_quotes_a_guest_cannot_rule_the_terminal() -> None:
    with pytest.raises(Exit) as caught, explained():
        raise StepFailed(("check:x",), "a log\nsaid \x1b]0;title\x07! and \x9b2J more")
    assert caught.value.message == "failed: check:x\nsaid  ]0;title ! and  2J more"


# A traceback is for bugs.


def test_a_fault_of_the_system_ends_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(Exit) as caught, explained():
        (tmp_path / "absent" / "x").touch()
    assert caught.value.code == 1
    assert "absent" in str(caught.value.message)


# A list that a person is asked about is a list.


def test_what_is_missing_is_asked_about_one_a_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass
    class Thing:
        name: str
        why: str = "needed"
        command: str = "get it"

    host = HostSetup(desk.workspace, [], may_install=False)
    monkeypatch.setattr(host, "missing", lambda: (Thing("one"), Thing("two")))
    monkeypatch.setattr("sys.stdin", _Terminal("no\n"))
    with pytest.raises(Exception, match="this computer lacks"):
        host()
    lines = desk.screen.getvalue().splitlines()
    assert lines[-3:] == [
        "this computer lacks:",
        "  one (needed): get it",
        "  two (needed): get it",
    ]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
