"""Verbs that only look, with one project and with thirty: as many processes, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nopal.state import MachineState, StateStore

CHECKOUT = Path(__file__).parents[2]
# Python tells of each process that it starts; what those start themselves is their own.
COUNTED = """
import sys
started = []
sys.addaudithook(lambda event, args: started.append(args[0]) if event == "subprocess.Popen" else 0)
from invoke.main import program
try:
    program.run(["inv", *sys.argv[1:]])
except SystemExit as ended:
    status = ended.code or 0
else:
    status = 0
print("ENDED", status, len(started), file=sys.stderr)
"""
# In place of limactl: a stopped machine for each project.
LIMACTL = """\
#!/bin/sh
case "$*" in
*--version) echo limactl version 2.2.0 ;;
*) for name in {names}; do
   echo '{{"name": "'$name'", "dir": "/x", "status": "Stopped"}}'; done ;;
esac
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder into which the user who runs limactl may look, too."""
    with tempfile.TemporaryDirectory(prefix="thirty-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def home(place: Path, projects: int) -> Path:
    """Make a home with that many projects and the states of their machines."""
    names = [f"p{number}" for number in range(projects)]
    (place / "projects.toml").parent.mkdir(parents=True)
    (place / "projects.toml").write_text("".join(f"[projects.{name}]\n" for name in names))
    states = StateStore(place / "state")
    for name in names:
        states.write(MachineState(name=name))
    prefix = place / "tools" / "lima-2.2.0"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "share/lima").mkdir(parents=True)
    for machine in ("x86_64", "aarch64"):
        (prefix / f"share/lima/lima-guestagent.Linux-{machine}").touch()
    limactl = prefix / "bin" / "limactl"
    limactl.write_text(LIMACTL.format(names=" ".join(names)))
    limactl.chmod(0o755)
    return place


def looked(place: Path, *words: str) -> tuple[str, int]:
    """Type a verb; return what it printed and how many processes it started."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, *words],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "NOPAL_HOME": str(place),
            "NOPAL_CONFIG": str(place / "projects.toml"),
            "NOPAL_TOOLS": str(place / "tools"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    ended, status, count = done.stderr.split()[-3:]
    assert (ended, status) == ("ENDED", "0"), done.stderr
    return done.stdout, int(count)


def files(place: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in place.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    "words",
    [("ls", "--json"), ("--complete", "--", "inv", "up", "-"), ("config", "-p", "p0", "--json")],
    ids=["ls", "completion", "config"],
)
def test_thirty_projects_cost_the_processes_of_one_and_looking_writes_nothing(
    place: Path, words: tuple[str, ...]
) -> None:
    one, thirty = home(place / "one", 1), home(place / "thirty", 30)
    _, few = looked(one, *words)
    before = files(thirty)
    out, many = looked(thirty, *words)
    assert many == few
    assert files(thirty) == before
    if words[0] == "ls":
        assert len(json.loads(out)) == 30
