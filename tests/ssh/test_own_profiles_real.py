"""A person's own profiles by the real command, in a home of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import nopal

CHECKOUT = str(Path(nopal.__file__).parents[1])
LAMP = '''\
from nopal import Command, profile

@profile
def lamp():
    """A web server."""
    yield Command("true", name="lamp")
'''
DIST = """\
[nopal.profiles]
packed = packed_profiles:packed
"""


@dataclass
class Home:
    place: Path

    def write(self, path: str, text: str) -> None:
        file = self.place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o644)

    def inv(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "HOME": str(self.place),
            "NOPAL_CONFIG": str(self.place / "config" / "projects.toml"),
            "NOPAL_HOME": str(self.place / "nopal"),
            "PYTHONPATH": f"{CHECKOUT}:{self.place / 'site'}",
        }
        return subprocess.run(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.place,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.write("tasks.py", "from nopal import ns\n")
    found.write("config/profiles/lamp.py", LAMP)
    found.write("site/packed_profiles.py", LAMP.replace("lamp", "packed"))
    dist = "site/packed_profiles-1.2.dist-info"
    found.write(f"{dist}/METADATA", "Metadata-Version: 2.1\nName: packed-profiles\nVersion: 1.2\n")
    found.write(f"{dist}/entry_points.txt", DIST)
    return found


def test_profiles_tells_where_each_is_from(home: Home) -> None:
    done = home.inv("profiles", "--json")
    origins = {each["name"]: each["from"] for each in json.loads(done.stdout)}
    assert origins["docker"] == "nopal"
    assert origins["lamp"] == str(home.place / "config/profiles/lamp.py")
    assert origins["packed"] == "package packed-profiles 1.2"
    assert f"    from {origins['lamp']}\n" in home.inv("profiles").stdout


def test_own_profiles_are_completed_and_have_verbs(home: Home) -> None:
    done = home.inv("--complete", "--", "inv lamp")
    assert {"lamp.install", "lamp.plan", "packed.verify"} <= set(done.stdout.split())
    assert "A web server." in home.inv("--help", "lamp.install").stdout


def test_own_profiles_reach_a_machine(home: Home) -> None:
    done = home.inv("provision", "--host", "localhost", "--profiles", "lamp", "--only", "lamp")
    assert "command:lamp changed" in done.stderr, done.stderr


def test_a_broken_file_stops_what_needs_it_and_nothing_else(home: Home) -> None:
    home.write("config/profiles/broken.py", "import nowhere\n")
    place = f"{home.place / 'config/profiles/broken.py'}:1: "
    needed = home.inv("profiles")
    assert (needed.returncode, place in needed.stderr) == (2, True)
    assert "Traceback" not in needed.stderr
    for words in (["--list"], ["ls"], ["config"], ["--complete", "--", "inv l"]):
        done = home.inv(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
    asked = home.inv("lamp.install")
    assert place in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_listing_neither_reads_nor_looks_for_them(home: Home) -> None:
    home.write("config/profiles/lamp.py", "raise SystemExit('it ran')\n")
    home.write("tasks.py", "import sys\nfrom nopal import ns\n")
    code = (
        "import sys; sys.argv = ['inv', '--list']; import nopal; nopal.ns;"
        "print(*{'importlib.metadata', 'nopal.own_profiles', 'nopal.workspace'} & set(sys.modules))"
    )
    environ = {**os.environ, "PYTHONPATH": CHECKOUT}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
