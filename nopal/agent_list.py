"""The agents' sessions of all machines: one command each, side by side, over what is open already.

Limactl is not asked, and no machine is started: one that does not listen where it was last reached
does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from provision.errors import ConvergeError, GuestUnreachable
from provision.transport.openssh import OpenSshTransport

from .agent_states import AgentSession, judge
from .columns import in_columns
from .session_look import SCRIPT, Look, read_look

if TYPE_CHECKING:
    from profiles.agent import Agent
    from profiles.profile import Profile
    from provision.transport.address import SshAddress

    from .workspace import Workspace

_AT_ONCE = 16
_ANSWERS_WITHIN_S = 15
"""An emulated machine at work takes seconds for a shell; a dead connection gets no longer."""
_WIDEST_DETAIL = 70


@dataclass(frozen=True)
class Seen:
    """What came of asking one machine."""

    machine: str
    sessions: tuple[AgentSession, ...] = ()
    runs: bool = True
    """Whether something listens where the machine was last reached."""
    failure: str = ""
    """Why it did not answer."""


@dataclass(frozen=True)
class Watcher:
    """Asks machines for their sessions."""

    find: Callable[[str], SshAddress | None]
    """Where a machine runs, by its name; None where it does not."""
    describe: Callable[[str], Agent | None]
    ask: Callable[[SshAddress], Look]

    @classmethod
    def of(cls, workspace: Workspace) -> Watcher:
        """Return one for the machines of `workspace`."""
        from .way_in import WayIn  # noqa: PLC0415 - not needed to judge a look

        def find(name: str) -> SshAddress | None:
            way = WayIn(name, lambda: workspace.driver, workspace.states, workspace.pins)
            return None if workspace.states.read(name).is_twin else way.quick_address()

        return cls(find, describer(workspace.catalogue), ask)

    def see(self, machine: str) -> Seen:
        """Ask one machine; it need not run."""
        address = self.find(machine)
        if address is None:
            return Seen(machine, runs=False)
        try:
            look = self.ask(address)
        except ConvergeError as error:
            return Seen(machine, failure=str(error))
        return Seen(machine, judge(look, self.describe))

    def see_all(self, machines: Sequence[str]) -> tuple[Seen, ...]:
        """Ask all of them at once, and return those that run."""
        if not machines:
            return ()
        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(machines))) as pool:
            return tuple(seen for seen in pool.map(self.see, machines) if seen.runs)


def ask(address: SshAddress) -> Look:
    """Look into a machine, over a live master where there is one.

    Raises GuestUnreachable: it cannot be reached, or does not answer to the end.
    """
    lines: list[str] = []
    transport = OpenSshTransport(address, answers_within_s=_ANSWERS_WITHIN_S)
    try:
        transport.run(SCRIPT, lines.append)
    except GuestUnreachable:
        # The master may be dead, as after a host's sleep, and the machine well.
        lines.clear()
        transport = replace(transport, uses_master=False, answers_within_s=_ANSWERS_WITHIN_S)
        transport.run(SCRIPT, lines.append)
    look = read_look(lines)
    if look is None:
        raise GuestUnreachable(str(address), "it did not say what its sessions do")
    return look


def describer(catalogue: Mapping[str, Profile]) -> Callable[[str], Agent | None]:
    """Return what finds an agent by its profile. A machine says which, so none need be there."""
    from .errors import ProjectError  # noqa: PLC0415 - not needed to ask

    def describe(name: str) -> Agent | None:
        try:
            return catalogue[name].agent if name in catalogue else None
        except ProjectError:
            return None  # a broken profile of the person's own

    return describe


def as_data(seen: Iterable[Seen]) -> list[dict[str, object]]:
    """Return the sessions for `--json`."""
    return [{"machine": one.machine, **asdict(session)} for one in seen for session in one.sessions]


def as_text(seen: Iterable[Seen]) -> str:
    """Return the sessions for a person, in columns."""
    rows = [("MACHINE", "SESSION", "AGENT", "STATE", "FOR", "")]
    rows += [
        (
            one.machine,
            session.name,
            session.agent,
            session.state,
            "-" if session.for_s is None else roughly(session.for_s),
            _shortened(session.detail),
        )
        for one in seen
        for session in one.sessions
    ]
    return in_columns(rows)


def roughly(seconds: int) -> str:
    """Return a time as one looks at a clock: `12 s`, `5 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDEST_DETAIL else text[: _WIDEST_DETAIL - 1] + "…"
