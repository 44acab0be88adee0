"""Services of systemd."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import join, quote
from ..step import Change, Step

_ENABLED = {"enabled", "enabled-runtime"}
# These start with what they belong to: systemctl can neither enable nor disable them.
_FIXED = {"static", "indirect", "alias", "generated", "transient"}
_RUNNING = {"active", "activating", "reloading"}
UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*")


@dataclass(frozen=True)
class Service(Step):
    """A systemd unit that starts at boot and runs now, or does not; None leaves either alone.

    State: `systemctl show`, as `Key=value` lines. A unit that is not there is planned for too,
    since an earlier step of the same run may bring it.
    """

    kind = "service"

    service: str
    enabled: bool | None = field(default=True, kw_only=True)
    running: bool | None = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what is no unit's name."""
        if not UNIT_NAME.fullmatch(self.service):
            message = f"no name of a unit: {self.service!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The unit's name; without a suffix systemd takes `.service`."""
        return self.service

    def probe(self) -> str:
        """Ask systemd for this unit."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Enable, disable, start or stop."""
        del facts
        shown = dict(line.split("=", 1) for line in state.splitlines() if "=" in line)
        is_there = shown.get("LoadState", "not-found") != "not-found"
        is_masked = shown.get("LoadState") == "masked"
        at_boot = shown.get("UnitFileState", "")
        is_fixed = is_there and at_boot in _FIXED
        is_enabled = is_there and at_boot in _ENABLED
        is_running = shown.get("ActiveState") in _RUNNING
        verbs = []
        if is_masked and (self.enabled or self.running):
            verbs.append("unmask")
        if self.enabled is not None and not is_fixed and self.enabled != is_enabled:
            verbs.append("enable" if self.enabled else "disable")
        if self.running is not None and self.running != is_running:
            verbs.append("start" if self.running else "stop")
        if not verbs:
            return None
        unit = quote(self.service)
        lines = [f"systemctl {verb} -- {unit}" for verb in verbs]
        if verbs[-1] == "start":
            # systemctl only points to the journal; its last lines belong into the report.
            lines[-1] += f" || {{ journalctl --no-pager -n 20 -u {unit}; exit 1; }}"
        return Change(f"{' and '.join(verbs)} {self.service}", "\n".join(lines))

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Ask systemd for all units with one `systemctl show`."""
        units = join([step.service for step in steps if isinstance(step, Service)])
        return f"systemctl show -p LoadState,ActiveState,UnitFileState -- {units} 2>/dev/null || :"

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each unit's lines: systemctl answers in order, with an empty line between."""
        blocks = [block.strip() for block in output.strip().split("\n\n")]
        return blocks if len(blocks) == len(steps) else [""] * len(steps)
