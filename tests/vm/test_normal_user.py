"""The README's two commands, typed by a user who is not root: one boot."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from person import CHECKOUT, Person, processes_about

from lima.host import detect
from lima.setup.lima import find_limactl
from nopal.paths import Paths

pytestmark = pytest.mark.timeout(3600)

USER = "nopal-tester"
NAME = "plain"


@pytest.fixture(scope="module")
def person(place: Path) -> Iterator[Person]:
    """A user of this host with a copy of the checkout and a virtual environment."""
    if os.geteuid() != 0:
        pytest.skip("the other tests have run as a normal user already")
    subprocess.run(["userdel", "--remove", USER], capture_output=True, check=False)
    home = place / "tester"
    subprocess.run(
        ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/bash", USER],
        check=True,
    )
    try:
        yield settle(home)
    finally:
        subprocess.run(["pkill", "-KILL", "-u", USER], check=False)
        subprocess.run(["userdel", "--remove", USER], capture_output=True, check=False)


def settle(home: Path) -> Person:
    """Copy the checkout into the home, and return who may type there."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listing.split("\0")):
        target = home / "nopal" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, target)
    entry = pwd.getpwnam(USER)
    for path in (home / "nopal", *(home / "nopal").rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    host = detect()
    ours = Paths.from_environment(os.environ, is_root=True, home=Path.home()).lima
    # A limactl on PATH that is new enough is used as it is: no second build.
    limactl = find_limactl(ours, host, os.environ)
    environ = {"HOME": str(home), "PATH": f"{home}/venv/bin:{limactl.parent}:/usr/bin:/bin"}
    run_as = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups")
    person = Person(home, environ, run_as)
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    person.run([python, "-m", "venv", str(home / "venv")], cwd=home)
    return person


def test_the_readmes_first_command_ends_in_a_running_machine(person: Person) -> None:
    checkout = person.place / "nopal"
    config = person.place / ".config/nopal/projects.toml"
    person.run(["mkdir", "-p", str(config.parent)], cwd=person.place)
    config.write_text(f'[projects.{NAME}]\nprofiles = []\ncpus = 2\nmemory = "2GiB"\n')
    command = f"pip install --quiet -e . && inv up --yes -p {NAME}"
    told = person.run(["sh", "-c", command], cwd=checkout)
    assert re.search(rf"{NAME}: up: \d+ steps: ", told.err), told.err
    try:
        inv = str(person.place / "venv/bin/inv")
        ran = person.run([inv, "run", "-p", NAME, "id -un; findmnt -t 9p,virtiofs"], cwd=checkout)
        assert ran.out == "dev\n"
        owner = subprocess.run(
            ["ps", "-o", "user=", "-C", "limactl"], capture_output=True, text=True, check=True
        ).stdout
        assert USER in owner
    finally:
        person.run([inv, "destroy", "--yes", "-p", NAME], cwd=checkout)
    assert processes_about(f"{person.state}/lima/{NAME}") == []
    assert not (person.state / "lima" / NAME).exists()
