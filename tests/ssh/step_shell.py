"""Runs the shell of steps as the engine does, in a real sh and a home of the test's own."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provision.facts import Facts
from provision.shell import quote
from provision.step import Step

USER = pwd.getpwuid(os.geteuid()).pw_name


@dataclass(frozen=True)
class StepShell:
    """One shell, one home; `bin` comes first on the PATH and may hold stand-ins."""

    program: str
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    @property
    def facts(self) -> Facts:
        return Facts("debian", "trixie", "13", "x86_64", "6", USER, str(self.home))

    def stand_in(self, name: str, script: str) -> None:
        """Put a program of this name in front of the real one."""
        self.bin.mkdir(exist_ok=True)
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, script: str) -> tuple[int, str]:
        """Return exit status and merged output."""
        environment = {
            "HOME": str(self.home),
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            **self.environment,
        }
        done = subprocess.run(
            [self.program, "-s"],
            input=script.encode("utf-8", "surrogateescape"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=self.home,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "surrogateescape")

    def state(self, step: Step) -> str:
        _, output = self.run(f"( eval {quote(step.probe())} ) </dev/null 2>/dev/null")
        return output.rstrip("\n")

    def states(self, steps: Sequence[Step]) -> list[str]:
        script = type(steps[0]).batch_probe(steps)
        assert script is not None
        _, output = self.run(f"( eval {quote(script)} ) </dev/null 2>/dev/null")
        return list(type(steps[0]).batch_states(steps, output.rstrip("\n")))

    def apply(self, script: str) -> tuple[int, str]:
        # Whoever runs the tests may be root: what apt and nopal keep is below the home.
        for place in ("apt", "nopal"):
            script = script.replace(f"/var/lib/{place}", f"{self.home}/lib/{place}")
        return self.run(f"( set -e; eval {quote(script)} ) </dev/null 2>&1")

    def converge(self, step: Step) -> str:
        """Apply what `step` wants, prove that it holds then, and return the output."""
        change = step.plan(self.state(step), self.facts)
        assert change is not None, f"{step.id} holds already"
        assert change.script, change.summary
        status, output = self.apply(change.script)
        assert status == 0, output
        assert step.plan(self.state(step), self.facts) is None, output
        return output
