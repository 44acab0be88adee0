"""Golden machines on real Lima: made through a kill, begun from, searched, and taken away."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from person import CHECKOUT, INV, Person, processes_about

from lima.driver import LimaDriver
from lima.host import detect
from nopal import credentials
from nopal.paths import Paths

pytestmark = pytest.mark.timeout(3600)

NAME = "cork"
TASKS = """\
from nopal import File, ns, profile


@profile(golden=True)
def mark():
    \"\"\"A file that any project may have.\"\"\"
    yield File("/opt/mark", "SEED\\n")


ns.add_collection(mark)
"""


@dataclass(frozen=True)
class Garden:
    """Somebody with a repo whose own profile may be in goldens."""

    person: Person
    repo: Path

    @property
    def bakes(self) -> str:
        """What the processes of this person's bakes have in their command lines."""
        return f"{self.driver().paths.home}/nopal-bake-"

    def driver(self) -> LimaDriver:
        environ = self.person.environment()
        is_root = os.geteuid() == 0
        paths = Paths.from_environment(environ, is_root=is_root, home=self.person.home)
        return LimaDriver.on(paths.lima, detect(), environ)

    def inv(self, *words: str) -> str:
        told = self.person.inv(*words, cwd=self.repo)
        return told.out + told.err


@pytest.fixture(scope="module")
def garden(place: Path) -> Iterator[Garden]:
    # The repo's tasks.py finds nopal also where it is not installed.
    person = Person(place / "gus", {"PYTHONPATH": str(CHECKOUT)})
    repo = person.home / "cork"
    repo.mkdir(parents=True)
    # Of this run alone, so that no golden of an earlier one will do.
    (repo / "tasks.py").write_text(TASKS.replace("SEED", place.name))
    (repo / ".nopal.toml").write_text(
        f'name = "{NAME}"\nprofiles = ["mark"]\ncpus = 2\nmemory = "2GiB"\ndisk = "20GiB"\n'
    )
    (repo / ".git").mkdir()
    garden = Garden(person, repo)
    yield garden
    for name in (NAME, *(there.name for there in garden.driver().list())):
        person.inv("destroy", "--yes", "-p", name, status=None, cwd=repo)
    goldens = garden.driver().goldens
    for golden in goldens.all():
        if "mark" in golden.parts:
            goldens.remove(golden.key)


def keys(garden: Garden) -> list[str]:
    listed = json.loads(garden.inv("bake", "--list", "--json"))
    return [item["name"] for item in listed if "mark" in item["remark"].split(",")[0].split()]


def test_a_bake_that_is_killed_while_it_boots_is_finished_by_the_next(garden: Garden) -> None:
    bake = subprocess.Popen(
        [str(INV), "bake"],
        cwd=garden.repo,
        env=garden.person.environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert bake.stderr is not None
    for line in bake.stderr:
        if "starting" in line:
            break
    # Once QEMU runs: what was begun must be taken up, and not left running beside.
    while not processes_about(garden.bakes):
        time.sleep(0.2)
    os.killpg(bake.pid, signal.SIGKILL)
    bake.wait()
    bake.stderr.close()
    assert keys(garden) == []
    assert "begins from golden machine" in garden.inv("bake")
    assert len(keys(garden)) == 1
    assert [there.name for there in garden.driver().list()] == []
    assert processes_about(garden.bakes) == []


def test_a_new_machine_begins_from_it_and_is_itself(garden: Garden) -> None:
    told = garden.inv("up")
    assert "golden" not in told
    # Only what names the project is left to do.
    assert re.search(r"cork: up: \d+ steps: \d+ ok, [1-4] changed", told), told
    ids = garden.inv("run", "hostname; cat /etc/machine-id; stat -c %Y /etc/ssh/ssh_host_*_key")
    host, machine_id, *made = ids.split()
    assert host == f"lima-{NAME}"
    assert re.fullmatch("[0-9a-f]{32}", machine_id)
    boot = int(garden.inv("run", "stat -c %Y /proc/1").split()[0])
    assert all(int(one) >= boot - 60 for one in made)
    logs = garden.inv("run", "sudo find /var/log -type f ! -newer /proc/1 -size +0; ls ~/.ssh")
    assert logs.split() == ["authorized_keys"]


def test_a_credential_that_is_planted_is_found_by_its_file(garden: Garden) -> None:
    search = f"sudo sh -c {json.dumps('sh -s')}"
    script = credentials.script()
    clean = subprocess.run(
        [str(INV), "run", search],
        cwd=garden.repo,
        env=garden.person.environment(),
        input=script,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    # A machine that runs has host keys; a golden has none when it is searched.
    assert all("/etc/ssh/ssh_host_" in file for file in clean)
    garden.inv("run", "mkdir -p ~/.config/gh; echo 'oauth_token: x' > ~/.config/gh/hosts.yml")
    found = subprocess.run(
        [str(INV), "run", search],
        cwd=garden.repo,
        env=garden.person.environment(),
        input=script,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert set(found) - set(clean) == {"/home/dev/.config/gh/hosts.yml"}


def test_a_golden_that_is_taken_away_leaves_its_machine_whole(garden: Garden) -> None:
    (key,) = keys(garden)
    store = garden.driver().goldens
    (golden,) = [one for one in store.all() if one.key == key]
    assert store.machines_using(golden) == 1
    assert store.remove(key)
    assert keys(garden) == []
    garden.inv("run", "sudo sh -c 'echo 3 > /proc/sys/vm/drop_caches'; md5sum /usr/bin/* > /tmp/x")
    garden.inv("destroy", "--yes")
