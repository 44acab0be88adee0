"""The sections of `inv status`, each made of values. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from .. import guest_look
from ..guest_look import Answers
from ..login_list import ends
from ..port_table import Row
from ..screen import in_words as time_in_words
from ..sizes import in_words
from .section import Section
from .versions import Version

if TYPE_CHECKING:
    from lima.goldens import Golden
    from lima.instance import Instance
    from provision.engine import Outcome
    from provision.facts import Facts

    from ..agent_states import AgentSession
    from ..logins import Kept
    from ..secret_notes import SecretNote
    from ..state import MachineState

_DAY_S = 24 * 60 * 60


def state_section(instance: Instance | None, answers: Answers | None, silent: str) -> Section:
    """Say whether the machine runs, since when, and where it answers; `silent` is why it does not.

    `answers` are None where it was not asked.
    """
    if instance is None:
        return Section("state", ("not there",), {"status": "not there"})
    status = instance.status.lower()
    up = guest_look.uptime_s(answers) if answers is not None else None
    words = [status if up is None else f"{status} for {long_time(up)}"]
    if instance.is_running:
        words.append(f"ssh at 127.0.0.1:{instance.ssh_local_port}")
    lines = [", ".join(words)]
    if silent:
        lines.append(f"it does not answer: {silent}")
    return Section(
        "state",
        tuple(lines),
        {
            "status": status,
            "up_s": up,
            "ssh_port": instance.ssh_local_port if instance.is_running else None,
            "silent": silent,
        },
    )


def project_section(state: MachineState, orphaned: str) -> tuple[Section, ...]:
    """Say whose the machine is, where that is not the project of its name in the person's file."""
    lines = []
    if state.owner:
        lines.append(f"of the repo in {state.owner}")
    if state.fork_of:
        lines.append(f"a fork, with the settings of {state.fork_of}")
    if orphaned:
        lines.append(f"orphan: {orphaned}")
    data = {"repo": state.owner, "fork_of": state.fork_of, "orphan": orphaned}
    return (Section("project", tuple(lines), data),) if lines else ()


def shape_section(instance: Instance, answers: Answers | None) -> Section:
    """Say what the machine is made of, and how much memory is left in it."""
    memory = guest_look.memory(answers) if answers is not None else None
    line = f"{instance.cpus} CPUs, {in_words(instance.memory)} of memory"
    if memory is not None:
        line += f" ({in_words(memory[1])} available in it)"
    return Section(
        "shape",
        (line,),
        {
            "cpus": instance.cpus,
            "memory_bytes": instance.memory,
            "available_bytes": memory[1] if memory else None,
        },
    )


def image_section(state: MachineState, facts: Facts | None) -> Section:
    """Say what the machine was made of, and what system that is now."""
    image = state.spec.get("image", "")
    line = image or "not known"
    system = f"{facts.distribution} {facts.version}, kernel {facts.kernel}" if facts else ""
    return Section(
        "image",
        (f"{line} ({system})" if system else line,),
        {"image": image, "system": system},
    )


def golden_section(key: str, golden: Golden | None) -> Section:
    """Say what the machine's disk began as."""
    if not key:
        return Section("golden", ("began from the image",), None)
    if golden is None:
        return Section("golden", (f"began from {key}, which is gone since",), {"key": key})
    line = f"began from {key} of {golden.made}: {' '.join(golden.parts)}"
    return Section("golden", (line,), {"key": key, "made": golden.made})


def disk_section(used_here: int, instance: Instance, answers: Answers | None) -> Section:
    """Say what the disk takes here, and what is free in the guest."""
    disk = guest_look.disk(answers) if answers is not None else None
    line = f"{in_words(used_here)} of this computer's, at most {in_words(instance.disk)}"
    if disk is not None:
        line += f"; {in_words(disk.free)} free in it"
    return Section(
        "disk",
        (line,),
        {
            "used_bytes": used_here,
            "size_bytes": instance.disk,
            "free_bytes": disk.free if disk else None,
        },
    )


def profiles_section(found: Mapping[str, Sequence[Version]]) -> Section:
    """Say which profiles the machine was brought to, with the versions of their programs."""
    lines = [
        f"{profile}: {', '.join(map(str, known))}" if known else profile
        for profile, known in found.items()
    ]
    data = {
        profile: [
            {"program": one.program, "version": one.version, "seen": one.is_seen} for one in known
        ]
        for profile, known in found.items()
    }
    return Section("profiles", tuple(lines) or ("none yet",), data)


def ports_section(wanted: str, table: Sequence[Row] | None) -> Section:
    """Say which ports are here; `inv ports` tells the rest. None: it does not run."""
    here = [row for row in table or () if row.state == "here"]
    taken = [row for row in table or () if row.state == "taken"]
    lines = [f"{wanted}; inv ports tells more"]
    lines += [f"{row.guest} at 127.0.0.1:{row.host} {row.program}".rstrip() for row in here]
    lines += [f"{row.guest}: {row.remark}" for row in taken]
    return Section(
        "ports",
        tuple(lines),
        {
            "wanted": wanted,
            "here": [{"guest": row.guest, "host": row.host} for row in here],
            "taken": [{"guest": row.guest, "host": row.host} for row in taken],
        },
    )


def agents_section(found: Sequence[AgentSession]) -> Section:
    """Say which agents are in the machine, and what each is up to."""
    lines = [
        f"{one.name}: {one.state}"
        f"{f' for {long_time(one.for_s)}' if one.for_s is not None else ''}"
        f"{f': {one.detail}' if one.detail else ''}"
        f"{', attached' if one.is_attached else ''}"
        for one in found
    ]
    return Section("agents", tuple(lines) or ("none",), [asdict(one) for one in found])


def logins_section(
    note: SecretNote | None,
    answers: Answers,
    kept: Sequence[Kept],
    now: Callable[[], float] = time.time,
) -> tuple[Section, ...]:
    """Say which logins of agents the machine has, and until when; `kept` are those kept here."""
    is_there = note is not None and guest_look.secrets_mark(answers) == note.mark
    if note is None or not is_there or not note.logins:
        return ()
    by_label = {one.label: one for one in kept}
    lines, data = [], []
    for given in note.logins:
        agent, _, name = given.label.partition("/")
        known = by_label.get(given.label)
        until = ends(known.expires, now()) if known else "not kept here any more"
        lines.append(f"{agent} as {name}, {until}")
        expires = known.expires if known else None
        data.append({"agent": agent, "name": name, "expires": expires, "kept": known is not None})
    return (Section("logins", tuple(lines), data),)


def secrets_section(
    note: SecretNote | None, answers: Answers, now: Callable[[], float] = time.time
) -> Section:
    """Say how many secrets are in the machine's memory; `note` is what nopal gave it last."""
    is_there = note is not None and guest_look.secrets_mark(answers) == note.mark
    if note is None or not is_there:
        return Section("secrets", ("none in its memory",), {"count": 0, "since": None})
    count = sum(map(len, note.names.values()))
    line = f"{count} in its memory for {long_time(max(now() - note.since, 0))}; see: inv secrets"
    return Section("secrets", (line,), {"count": count, "since": note.since})


def keys_section(pinned: Sequence[str], notes: Sequence[str]) -> Section:
    """Say by which host keys the machine is known; `notes` are what `up` says about keys."""
    lines = [f"host key {fingerprint}" for fingerprint in pinned] or ["no host key is pinned"]
    return Section("keys", (*lines, *notes), {"host_keys": list(pinned), "notes": list(notes)})


def converge_section(said: tuple[str, str] | None) -> Section:
    """Say when steps were last run, and how that came out: the time, and the summary."""
    if said is None:
        return Section("last converge", ("nothing is known of one",), None)
    when, outcome = said
    return Section("last converge", (f"{when}: {outcome}",), {"when": when, "said": outcome})


def drift_section(
    outcome: Outcome | None, differences: Mapping[str, tuple[str, str]], unknown: str
) -> Section:
    """Say what differs from what the project's files ask for; `unknown` is why nobody can tell.

    `differences` are fields of the machine's shape: what it has, and what is wished.
    """
    lines = [f"{field} is {had} and not {wish}" for field, (had, wish) in differences.items()]
    wrong = [one for one in outcome.results if one.status != "ok"] if outcome else []
    lines += [f"{one.id}: {one.summary}" for one in wrong]
    if unknown:
        lines.append(f"not known: {unknown}")
    elif not lines:
        lines = ["none: everything is as the files ask"]
    else:
        lines.append("inv plan shows it; inv up mends it")
    return Section(
        "drift",
        tuple(lines),
        {
            "shape": {field: {"has": a, "wished": b} for field, (a, b) in differences.items()},
            "steps": [one.id for one in wrong],
            "unknown": unknown,
        },
    )


def long_time(seconds: float) -> str:
    """Return a time in words that may be days: `3 d 4 h`."""
    days, rest = divmod(int(seconds), _DAY_S)
    hours, rest = divmod(rest, 3600)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest // 60} min" if hours else time_in_words(seconds)
