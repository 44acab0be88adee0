"""examples/java, and the page that tells how it was written."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from step_shell import StepShell

from profiles.guest import Guest
from provision import Facts, LocalTransport, SilentReport, converge

CHECKOUT = Path(__file__).parents[2]
JAVA_EXAMPLE = CHECKOUT / "examples" / "java"
FACTS = Facts("debian", "trixie", "13", "x86_64", "6.12", "dev", "/home/dev")


def load(name: str, file: str) -> ModuleType:
    """Import a file of the example, whose folder Invoke would have put on the path."""
    spec = importlib.util.spec_from_file_location(name, JAVA_EXAMPLE / file)
    assert spec
    assert spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from examples.java.alternative import Alternative
else:
    Alternative = load("alternative", "alternative.py").Alternative

JAVA = Alternative("java", "/usr/lib/jvm/java-21-openjdk-{arch}/bin/java")


@pytest.fixture
def tasks() -> Iterator[ModuleType]:
    """The example's tasks.py, which adds to nopal's verbs, for one test."""
    from nopal.tasks import ns  # noqa: PLC0415

    yield load("java_tasks", "tasks.py")
    ns.collections.pop("jdk")


def test_the_page_shows_what_is_in_the_example() -> None:
    page = (CHECKOUT / "docs" / "custom-steps.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    files = [*JAVA_EXAMPLE.glob("*.py"), Path(__file__)]
    sources = [file.read_text(encoding="utf-8") for file in files]
    assert blocks
    assert [block for block in blocks if not any(block in source for source in sources)] == []


def test_a_command_that_means_the_wanted_program_is_left_alone() -> None:
    assert JAVA.plan("/usr/lib/jvm/java-21-openjdk-amd64/bin/java", FACTS) is None


def test_a_command_that_means_another_program_is_set() -> None:
    change = JAVA.plan("/usr/lib/jvm/java-17-openjdk-amd64/bin/java", FACTS)
    assert change is not None
    assert change.script == (
        "update-alternatives --set java /usr/lib/jvm/java-21-openjdk-amd64/bin/java"
    )


def test_a_dry_run_here_tells_what_would_change() -> None:
    step = Alternative("no such command", "/bin/true", run_as="login")
    outcome = converge(LocalTransport(), [step], SilentReport(), dry_run=True)
    assert outcome.results[0].summary == "let no such command mean /bin/true"


def test_many_commands_are_read_as_each_would_be(sh: StepShell) -> None:
    here = Path("/etc/alternatives")
    if not here.is_dir():
        pytest.skip("no alternatives on this host")
    names = [*sorted(each.name for each in here.iterdir() if each.is_symlink())[:3], "no such"]
    steps = [Alternative(name, "/x") for name in names]
    assert sh.states(steps) == [sh.state(step) for step in steps]


def test_the_profile_installs_chooses_and_checks(tasks: ModuleType) -> None:
    steps = tasks.jdk.steps({"version": 17}, Guest(name="shop"))
    assert [step.id for step in steps] == [
        "apt:openjdk-17-jdk-headless",
        "alternative:java",
        "alternative:javac",
        "check:javac -version",
    ]
