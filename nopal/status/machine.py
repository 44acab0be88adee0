"""Gathers what `inv status` shows of one machine: one call of the driver, one exec in the guest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provision.errors import ConvergeError

from .. import guest_look
from ..agent_list import describer
from ..agent_states import judge
from ..errors import ProjectError
from ..log_files import LogFile
from ..look_in import Seen, look_in
from ..machine_errors import MachineError
from ..orphans import name_in, person_projects, why_orphaned
from ..port_look import ports_here
from ..preflight import prepare_all
from ..secret_notes import SecretNotes
from . import sections, versions
from .last_converge import last_converge
from .section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lima.instance import Instance
    from profiles.pin import Pin

    from ..machine import Machine
    from ..port_table import Row
    from ..state import MachineState
    from ..wish import Wish
    from ..workspace import Workspace

_QUESTIONS = (
    *(guest_look.UPTIME, guest_look.MEMORY, guest_look.DISK),
    *(guest_look.SESSIONS, guest_look.LISTENERS, guest_look.SECRETS),
)


@dataclass(frozen=True)
class _Wished:
    """What the machine's project asks for, as far as it can be known."""

    wish: Wish | None = None
    pins: Mapping[str, Sequence[tuple[Pin, str]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unknown: str = ""


def status(workspace: Workspace, machine: Machine) -> tuple[Section, ...]:
    """Return what there is to say of `machine`.

    Raises:
        LimaError: the driver cannot be asked.
        StateError: what is remembered of it cannot be read.
    """
    driver, name = machine.driver, machine.name
    instance = driver.instance(name)
    state = workspace.states.read(name)
    if instance is None:
        return (sections.state_section(None, None, ""),)
    wished = _wished(workspace, state)
    seen, silent = _seen(machine, instance, state, wished.wish)
    answers = seen.answers if seen else None
    key = driver.began_from(name)
    golden = next((one for one in driver.goldens.all() if one.key == key), None)
    steps = wished.wish.steps if wished.wish else ()
    found = versions.versions(state.profiles, steps, wished.pins, answers or {})
    note = SecretNotes(workspace.states.secrets).read(name)
    orphaned = why_orphaned(state, person_projects(workspace.paths), name_in)
    return (
        sections.state_section(instance, answers, silent),
        *sections.project_section(state, orphaned),
        sections.shape_section(instance, answers),
        sections.disk_section(driver.disk_in_use(instance), instance, answers),
        sections.image_section(state, seen.facts if seen else None),
        sections.golden_section(key, golden),
        sections.profiles_section(found),
        sections.ports_section(state.spec.get("ports", ""), _ports(machine, answers)),
        *_agents(workspace, answers),
        *(sections.logins_section(note, answers, workspace.logins.all()) if answers else ()),
        *([sections.secrets_section(note, answers)] if answers is not None else []),
        sections.keys_section([key.fingerprint for key in workspace.pins.read(name)], wished.notes),
        sections.converge_section(_last_converge(machine)),
        sections.drift_section(
            seen.outcome if seen else None,
            _differences(state, wished.wish),
            wished.unknown or ("" if seen else silent or "it does not run"),
        ),
    )


def _wished(workspace: Workspace, state: MachineState) -> _Wished:
    if not state.converged:
        return _Wished(unknown=f"its steps never held so far; see: inv plan -p {state.name}")
    try:
        project = workspace.project(state.name)
        (item,) = prepare_all(workspace, [project])
    except ProjectError as error:
        return _Wished(unknown=str(error).partition("\n")[0])
    pins = {
        name: [(pin, _chosen(pin, project.options.get(name, {}))) for pin in profile.pins]
        for name, profile in workspace.catalogue.items()
    }
    return _Wished(item.wish, pins, item.notes)


def _chosen(pin: Pin, options: Mapping[str, object]) -> str:
    """Return the version that an option names in place of the pin."""
    return str(options.get(pin.option) or "") if pin.option else ""


def _seen(
    machine: Machine, instance: Instance, state: MachineState, wish: Wish | None
) -> tuple[Seen | None, str]:
    """Return what the machine tells, or why it tells nothing."""
    if not instance.is_running or state.is_twin:
        return None, ""
    steps = wish.without_checks if wish else ()
    asked = (*_QUESTIONS, *versions.questions(wish.steps if wish else ()))
    try:
        return look_in(machine, asked, steps), ""
    except (ConvergeError, MachineError) as error:
        return None, str(error).partition("\n")[0]


def _agents(workspace: Workspace, answers: guest_look.Answers | None) -> tuple[Section, ...]:
    if answers is None:
        return ()
    look = guest_look.sessions(answers)
    return (sections.agents_section(judge(look, describer(workspace.catalogue)) if look else ()),)


def _ports(machine: Machine, answers: guest_look.Answers | None) -> tuple[Row, ...] | None:
    if answers is None:
        return None
    return ports_here(machine.driver, machine.name).rows(guest_look.listeners(answers))


def _last_converge(machine: Machine) -> tuple[str, str] | None:
    log = LogFile(machine.reporter.log_path)
    try:
        return last_converge(log.new())
    finally:
        log.close()


def _differences(state: MachineState, wish: Wish | None) -> dict[str, tuple[str, str]]:
    """Return the fields of the machine's shape in which it is not as its files ask."""
    wanted = wish.shape() if wish else {}
    return {
        name: (had, wanted[name])
        for name, had in state.spec.items()
        if wanted.get(name, had) != had
    }
