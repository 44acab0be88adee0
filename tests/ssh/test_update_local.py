"""An update of this very machine: what would fetch programs is a stand-in, the engine is real."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.update import Update, update
from provision import Command, LocalTransport, Outcome, SilentReport, Step, UvTool, converge

# It keeps what it is told to install as the real one does; RELEASE is what is the newest.
UV = """
echo "$*" >>CALLS
for spec do :; done
version=${spec##*==}; [ "$version" != agent ] || version=$(cat RELEASE)
place=$HOME/.local/share/uv/tools/agent
rm -rf "$place"; mkdir -p "$place/lib/python3.13/site-packages/agent-$version.dist-info"
touch "$place/uv-receipt.toml"
"""


def agent(version: str) -> UvTool:
    return UvTool("agent", version, tags=("tools",))


LATEST = agent("latest")


@dataclass
class Desk:
    """A home with uv's stand-in, the newest version there is, and what uv was told to do."""

    place: Path
    screen: io.StringIO

    def installed(self) -> list[str]:
        """What the folder of the program is called."""
        return [each.name for each in self.place.glob("home/**/*.dist-info")]

    def release(self, version: str) -> None:
        (self.place / "release").write_text(version)

    def calls(self) -> list[str]:
        return (self.place / "calls").read_text().splitlines()

    @property
    def transport(self) -> LocalTransport:
        return LocalTransport(environment={**os.environ, "HOME": str(self.place / "home")})

    def converge(self, *steps: Step) -> Outcome:
        outcome = converge(self.transport, steps, SilentReport())
        outcome.raise_for_failure()
        return outcome

    def update(self, *steps: Step) -> Update:
        with Reporter("here", PlainScreen(self.screen), self.place / "log") as reporter:
            # Not the packages of the computer that runs the tests.
            return update(self.transport, steps, reporter, only={"tools"})

    def words(self, *steps: Step) -> list[str]:
        return [str(each) for each in self.update(*steps).moved]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    program = tmp_path / "home" / ".local" / "bin" / "uv"
    program.parent.mkdir(parents=True)
    script = UV
    for word in ("RELEASE", "CALLS"):
        script = script.replace(word, str(tmp_path / word.lower()))
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)
    found = Desk(tmp_path, io.StringIO())
    found.release("1.0.0")
    return found


def test_a_pin_that_changed_reaches_a_guest_that_exists_and_goes_back_too(desk: Desk) -> None:
    for version in ("1.2.3", "1.3.0", "1.2.3"):
        desk.converge(agent(version))
        assert desk.installed() == [f"agent-{version}.dist-info"]


def test_the_latest_is_installed_once_and_moves_by_an_update_alone(desk: Desk) -> None:
    desk.converge(LATEST)
    desk.release("1.1.0")
    assert not desk.converge(LATEST).changed
    assert desk.words(LATEST) == ["agent 1.0.0 -> 1.1.0"]
    assert desk.words(LATEST) == []
    assert desk.calls() == ["tool install agent", *["tool install --upgrade agent"] * 2]


def test_a_pinned_program_does_not_move(desk: Desk) -> None:
    desk.converge(agent("1.0.0"))
    desk.release("2.0.0")
    assert desk.words(agent("1.0.0")) == []


def test_a_program_that_is_pinned_no_more_moves(desk: Desk) -> None:
    desk.converge(agent("1.0.0"))
    desk.release("2.0.0")
    assert not desk.converge(LATEST).changed
    assert desk.words(LATEST) == ["agent 1.0.0 -> 2.0.0"]


def test_what_a_newer_version_needs_is_done_in_the_same_update(desk: Desk) -> None:
    tools, copy = "$HOME/.local/share/uv/tools/agent/lib/python3.13/site-packages", "$HOME/copy"
    last = Command(
        f"ls {tools} >{copy}",
        unless=f'[ "$(ls {tools})" = "$(cat {copy})" ]',
        run_as="login",
        name="copy",
    )
    desk.converge(LATEST, last)
    desk.release("1.1.0")
    done = desk.update(LATEST, last)
    assert [result.id for result in done.outcome.changed] == ["uv-tool:agent", "command:copy"]
    assert (desk.place / "home/copy").read_text() == "agent-1.1.0.dist-info\n"


def test_what_moved_is_told_though_another_step_failed(desk: Desk) -> None:
    desk.converge(LATEST)
    desk.release("1.1.0")
    done = desk.update(Command("exit 3", name="bad", run_as="login"), LATEST)
    assert [result.id for result in done.outcome.failed] == ["command:bad"]
    assert done.as_data("here") == {
        "machine": "here",
        "moved": [{"kind": "uv-tool", "name": "agent", "before": "1.0.0", "after": "1.1.0"}],
        "wants_restart": False,
    }
