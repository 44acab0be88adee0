"""The logs that Lima keeps of one machine, and what each of their lines says in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lima.events import status_of
from lima.limactl import message

_CLOCK = slice(len("2026-01-31T"), len("2026-01-31T12:00:00"))


@dataclass(frozen=True)
class MachineLog:
    """One log, which need not be there."""

    name: str
    """What a person calls it."""
    about: str
    path: Path
    in_words: Callable[[str], str] = str
    """Returns what a line of the file says; empty where that is nothing for a person."""


def logs_of(folder: Path) -> tuple[MachineLog, ...]:
    """Return the logs of the machine in `folder`."""
    # With vz the console of the guest is virtio's; with qemu that one stays empty.
    virtio, serial = folder / "serialv.log", folder / "serial.log"
    console = serial if serial.exists() or not virtio.exists() else virtio
    return (
        MachineLog("boot", "how its last start went", folder / "ha.stdout.log", event_in_words),
        MachineLog(
            "hostagent",
            "the process of Lima that looks after it",
            folder / "ha.stderr.log",
            record_in_words,
        ),
        MachineLog("serial", "its console: what the kernel and services say", console),
    )


def event_in_words(line: str) -> str:
    """Return what an event of the host agent says; empty for one that says nothing new."""
    status = status_of(line)
    if status is None:
        return ""
    said = [word for key, word in _STATES.items() if status.get(key)]
    errors = status.get("errors")
    said += [str(error) for error in errors] if isinstance(errors, list) else []
    if isinstance(progress := status.get("cloudInitProgress"), dict):
        said += [f"cloud-init: {text}"] if (text := progress.get("logLine")) else []
    elif isinstance(port := status.get("portForward"), dict):
        to = f" at {port['hostAddr']}" if port.get("hostAddr") else ""
        said = [f"port: {port.get('type')} {port.get('protocol')} {port.get('guestAddr')}{to}"]
    return f"{_time_of(line)}{', '.join(said)}" if said else ""


_STATES = {"running": "ready", "degraded": "degraded", "exiting": "stopping"}


def record_in_words(line: str) -> str:
    """Return the time and the sentence of a record of Lima's JSON log; any other line as it is."""
    return f"{_time_of(line)}{message(line)}"


def _time_of(line: str) -> str:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return ""
    time = record.get("time") if isinstance(record, dict) else None
    return f"{time[_CLOCK]} " if isinstance(time, str) else ""
