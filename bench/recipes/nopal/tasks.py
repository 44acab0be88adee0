"""The work as a repo would declare it for nopal: a task beside nopal's own verbs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from invoke import Context, task

import provision
from nopal import ns
from provision import (
    Apt,
    Command,
    Directory,
    File,
    Line,
    Link,
    Member,
    Npm,
    SilentReport,
    SshAddress,
    Step,
)

CASE = json.loads(Path(__file__).with_name("case.json").read_text())


def steps() -> Iterator[Step]:
    """Declare all of it."""
    work = CASE["work"]
    yield from (Apt(name) for name in work["packages"])
    yield from (Directory(path) for path in work["directories"])
    yield from (File(entry["path"], entry["value"]) for entry in work["files"])
    yield from (Link(entry["path"], entry["value"]) for entry in work["links"])
    yield from (Line(entry["path"], entry["value"]) for entry in work["lines"])
    yield from (Member(entry["path"], entry["value"]) for entry in work["members"])
    yield from (Npm(entry["path"], entry["value"]) for entry in work["npm"])
    for entry in work["commands"]:
        yield Command(f"echo '{entry['value']}' >{entry['path']}", creates=entry["path"])


def address() -> SshAddress:
    """Return where the target is."""
    target = CASE["target"]
    return SshAddress(
        host="127.0.0.1",
        port=target["port"],
        user="root",
        identity_file=Path(target["key"]),
        known_hosts=Path(target["known_hosts"]),
        host_key_alias=target["alias"],
        control_path=Path(target["master"]),
    )


@task
def apply(c: Context, master: bool = False) -> None:
    """Bring it about, over Fabric or over a live OpenSSH master."""
    # Each is loaded when it is asked for, the engine while the server opens the session: so do
    # nopal's verbs.
    open_transport = provision.OpenSshTransport if master else provision.connect_fabric
    transport = open_transport(address())
    try:
        outcome = provision.converge(transport, steps(), SilentReport())
    finally:
        transport.close()
    outcome.raise_for_failure()
    sys.stdout.write(f"{len(outcome.results)} steps, {len(outcome.changed)} changed\n")


ns.add_task(apply)
