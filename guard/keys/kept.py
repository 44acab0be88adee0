"""The broker's state on disk: the policies as they were last given, and what is paused.

Written so that a crash leaves the old or the new, never a half. What cannot be read is dropped and
told: a policy that is not understood gives nothing.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .places import Places
from .policy import KeyPolicy

ALL = "*"
"""In place of a project's name: every project. No project can be called so."""


@dataclass(frozen=True)
class Kept:
    """Reads and writes it."""

    places: Places

    def policies(self) -> tuple[list[KeyPolicy], list[str]]:
        """Return every policy, and a sentence for each that cannot be used."""
        found, faults = [], []
        for path in sorted(self.places.projects.glob("*.json")):
            try:
                policy = msgspec.json.decode(path.read_bytes(), type=KeyPolicy)
            except (OSError, msgspec.MsgspecError) as error:
                faults.append(f"the policy {path.name} cannot be used: {error}")
                continue
            if path != self.places.policy(policy.project):
                faults.append(f"the policy {path.name} is for `{policy.project}`")
                continue
            found.append(policy)
        return found, faults

    def keep(self, policy: KeyPolicy) -> None:
        """Keep a policy in place of the project's last one."""
        write_private(self.places.policy(policy.project), msgspec.json.encode(policy))

    def drop(self, project: str) -> None:
        """Forget a project's policy."""
        self.places.policy(project).unlink(missing_ok=True)

    def paused(self) -> frozenset[str]:
        """Return the paused projects; every one of them if that cannot be read."""
        try:
            return msgspec.json.decode(self.places.paused.read_bytes(), type=frozenset[str])
        except FileNotFoundError:
            return frozenset()
        except (OSError, msgspec.MsgspecError):
            return frozenset({ALL})

    def keep_paused(self, projects: frozenset[str]) -> None:
        """Keep which projects are paused."""
        write_private(self.places.paused, msgspec.json.encode(sorted(projects)))


def write_private(path: Path, data: bytes) -> None:
    """Put a file of mode 0600 in place of `path`, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
