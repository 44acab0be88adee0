"""One machine that is killed, starved and confused, and must come back each time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from person import CHECKOUT, INV, Person, processes_about

from lima.driver import LimaDriver
from lima.host import detect
from lima.images import Image
from lima.spec import MachineSpec
from nopal.paths import Paths

NAME, BYSTANDER = "tough", "aside"
PROJECT = f"""
[projects.{NAME}]
cpus = 2
memory = "2GiB"
disk = "16GiB"
ports = "none"
profiles = []
"""


@dataclass(frozen=True)
class Survivor:
    """The machine, its person, and a second machine that nobody may touch."""

    person: Person
    name: str = NAME

    def inv(self, *words: str, status: int | None = 0) -> str:
        told = self.person.inv(*words, "-p", self.name, status=status)
        return told.out + told.err

    def run(self, command: str, status: int | None = 0) -> str:
        return self.person.inv("run", command, "-p", self.name, status=status).out.strip()

    @property
    def driver(self) -> LimaDriver:
        environ = self.person.environment()
        paths = Paths.from_environment(environ, is_root=os.geteuid() == 0, home=self.person.home)
        return LimaDriver.on(paths.lima, detect(), environ)

    @property
    def folder(self) -> Path:
        return self.driver.paths.instance(self.name)

    def pid(self, name: str) -> int:
        """Return the number in `qemu.pid` or `ha.pid`."""
        return int((self.folder / name).read_text())

    def masters(self) -> list[int]:
        title = rf"^ssh: {re.escape(str(self.folder))}/ssh.sock \[mux\]"
        done = subprocess.run(["pgrep", "-f", title], capture_output=True, text=True, check=False)
        return [int(pid) for pid in done.stdout.split()]

    def make_bystander(self) -> None:
        """Make a machine that never runs, beside the one of the tests."""
        driver = self.driver
        disk = self.person.place / "aside.qcow2"
        subprocess.run(("qemu-img", "create", "-q", "-f", "qcow2", str(disk), "1G"), check=True)
        image = Image("empty", driver.host.machine, str(disk), legacy_bios=True)
        driver.create(
            MachineSpec(
                name=BYSTANDER,
                image=image,
                vm_type=driver.host.vm_type,
                machine=driver.host.machine,
                disk_gib=2,
            )
        )

    def bystander(self) -> dict[str, tuple[int, int]]:
        """Return what would show that somebody touched the other machine."""
        folder = self.driver.paths.instance(BYSTANDER)
        return {
            path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()
        }

    def statuses(self) -> dict[str, str]:
        """Return every machine of the person, as Lima sees it."""
        return {there.name: there.status for there in self.driver.list()}

    def killed(self, words: tuple[str, ...], line: str, later_s: float) -> str:
        """Start a verb; once it tells `line`, wait and kill its whole group. Return what it told.

        One that ends before is no failure: its moment was after its end.
        """
        told: list[str] = []
        with subprocess.Popen(
            [str(INV), *words, "-p", self.name],
            env=self.person.environment(),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as typed:
            assert typed.stderr is not None
            if line:
                for said in typed.stderr:
                    told.append(said)
                    if re.search(line, said):
                        break
            time.sleep(later_s)
            if typed.poll() is None:
                os.killpg(typed.pid, signal.SIGKILL)
        return "".join(told)

    def leftovers(self) -> list[str]:
        """Return all that is there and should not be, once `up` has ended well."""
        found = []
        qemus = [line for line in processes_about(f"{self.folder}/") if "qemu-system" in line]
        agents = [line for line in processes_about(f"{self.folder}/ha.pid") if "hostagent" in line]
        if len(qemus) != 1 or len(agents) != 1:
            found.append(f"{len(qemus)} QEMUs and {len(agents)} agents")
        listed = self.statuses()
        if listed != {self.name: "Running", BYSTANDER: "Stopped"}:
            found.append(f"machines: {listed}")
        state = self.person.state / "state"
        found += [
            str(path)
            for path in state.rglob("*")
            if path.is_file() and path.suffix not in {".json", ".lock"}
        ]
        found += [str(path) for path in self.driver.goldens.folder.glob(".new-*")]
        return found
