"""Checkpoints and rewinds over a driver that holds them as data."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from guard.host_keys import PinStore
from lima.checkpoints import Snapshot
from lima.errors import LimactlFailed
from lima.instance import Instance, InstanceConfig, InstanceMount
from nopal.checkpoint_errors import CheckpointExists, NoRoom, NoSuchCheckpoint
from nopal.checkpoint_notes import MOST_UNNAMED, Note, Notes, NoteStore
from nopal.checkpoints import Checkpoints
from nopal.driver import Driver
from nopal.machine import Machine
from nopal.machine_errors import NoSuchMachine, NotRunning
from nopal.report import Reporter
from nopal.rewind import Rewind
from nopal.screen import PlainScreen
from nopal.state import MachineState, StateStore

GIB = 1024**3


@dataclass
class Host:
    """A driver of one machine, and its checkpoints."""

    instance_now: Instance | None
    is_live: bool = True
    fails: bool = False
    kept: list[Snapshot] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def checkpoints(self) -> Host:
        return self

    def instance(self, name: str) -> Instance | None:
        return self.instance_now

    def stop(self, name: str, *, force: bool = False) -> None:
        self.calls.append("end" if force else "stop")
        self.instance_now = machine("Stopped")

    def list(self, name: str) -> tuple[Snapshot, ...]:
        return tuple(self.kept)

    def bytes_needed(self, instance: Instance) -> int:
        return GIB

    def create(self, instance: Instance, checkpoint: str, *, with_memory: bool = True) -> None:
        memory = int(instance.is_running and with_memory)
        self.kept.append(Snapshot(checkpoint, len(self.kept), memory))

    def apply(self, instance: Instance, checkpoint: str) -> None:
        if self.fails and instance.is_running:
            raise LimactlFailed("snapshot apply", 0, "Error: it does not fit")
        self.calls.append(f"apply {checkpoint} {instance.status}")

    def delete(self, instance: Instance, checkpoint: str) -> None:
        self.kept = [one for one in self.kept if one.name != checkpoint]


def machine(status: str = "Running", cpus: int = 2, mounts: int = 0) -> Instance:
    folders = [InstanceMount(location="/srv") for _ in range(mounts)]
    config = InstanceConfig(mounts=folders)
    return Instance(name="blog", dir="/", status=status, cpus=cpus, memory=4 * GIB, config=config)


@dataclass(frozen=True)
class Desk:
    """One machine with its checkpoints, and what the person is told."""

    host: Host
    states: StateStore
    checkpoints: Checkpoints
    told: io.StringIO

    @property
    def notes(self) -> NoteStore:
        return NoteStore(self.states.checkpoints)

    def names(self) -> list[str]:
        return [one.name for one in self.checkpoints.all()]


@pytest.fixture
def sit(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    told = io.StringIO()
    reporter = Reporter("blog", PlainScreen(told), tmp_path / "log")

    def sit(host: Host, free: int = 100 * GIB) -> Desk:
        states = StateStore(tmp_path / "state")
        states.write(MachineState(name="blog", converged="then"))
        found = Machine(
            "blog",
            lambda: cast("Driver", host),
            states,
            PinStore(tmp_path / "known_hosts"),
            reporter,
        )
        return Desk(host, states, Checkpoints(found, lambda: 0, lambda _: free), told)

    with reporter:
        yield sit


def test_the_first_one_with_memory_says_once_what_is_in_it(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine()))
    made, was_stopped = desk.checkpoints.make("before")
    assert (made.name, made.is_live, was_stopped) == ("before", True, False)
    desk.checkpoints.make()
    assert desk.told.getvalue().count("any secret that is there") == 1
    assert desk.names() == ["before", "19700101-000000"]


def test_a_checkpoint_beside_secrets_holds_the_disk_alone(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine()))
    made, was_stopped = replace(desk.checkpoints, keeps_memory=False).make("one")
    assert (made.is_live, was_stopped) == (False, False)
    assert "the disk alone" in desk.told.getvalue()


def test_a_passing_checkpoint_never_holds_memory(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine()))
    with desk.checkpoints.passing():
        assert [one.memory_bytes for one in desk.host.kept] == [0]
    assert desk.host.kept == []


def test_of_those_without_a_name_only_the_newest_stay(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine("Stopped")))
    desk.checkpoints.make("mine")
    for _ in range(MOST_UNNAMED + 2):
        desk.checkpoints.make()
    assert len(desk.names()) == MOST_UNNAMED + 1
    assert desk.names()[0] == "mine"


def test_a_name_is_given_once(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine()))
    desk.checkpoints.make("before")
    with pytest.raises(CheckpointExists, match="checkpoint before already"):
        desk.checkpoints.make("before")


def test_none_is_made_that_could_fill_the_disk(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine()), free=2 * GIB - 1)
    with pytest.raises(NoRoom, match="GiB are free"):
        desk.checkpoints.make()
    assert desk.names() == []


def test_a_machine_that_cannot_go_on_meanwhile_is_stopped(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine(), is_live=False))
    made, was_stopped = desk.checkpoints.make()
    assert (made.is_live, was_stopped, desk.host.calls) == (False, True, ["stop"])


@pytest.mark.parametrize("error", [NoSuchMachine, NotRunning], ids=["none", "half of one"])
def test_without_a_whole_machine_there_is_nothing_to_keep(
    sit: Callable[..., Desk], error: type[Exception]
) -> None:
    desk = sit(Host(None if error is NoSuchMachine else machine("Broken")))
    with pytest.raises(error):
        desk.checkpoints.make()


def test_one_that_a_killed_command_made_is_there(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine("Stopped"), kept=[Snapshot("unnoted", 5)]))
    assert desk.names() == ["unnoted"]


def test_a_note_without_its_checkpoint_is_dropped(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine("Stopped")))
    desk.notes.write("blog", Notes(notes=(Note("gone", 2, GIB, "", (), ()),)))
    assert desk.names() == []
    assert desk.notes.read("blog") == Notes()


def test_one_in_passing_is_gone_whatever_happens(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine()))
    with pytest.raises(KeyError), desk.checkpoints.passing() as (name, _stopped):
        assert [one.name for one in desk.host.kept] == [name]
        raise KeyError
    assert desk.host.kept == []


def test_what_is_not_there_is_neither_deleted_nor_gone_back_to(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine("Stopped")))
    with pytest.raises(NoSuchCheckpoint, match="has no checkpoint; make one"):
        desk.checkpoints.find()
    desk.checkpoints.make("before")
    with pytest.raises(NoSuchCheckpoint, match="no checkpoint after; it has before"):
        desk.checkpoints.delete("after")


def test_a_stopped_machine_gets_its_disk_back_and_what_was_known_then(
    sit: Callable[..., Desk],
) -> None:
    desk = sit(Host(machine("Stopped")))
    desk.checkpoints.make("before")
    desk.states.write(MachineState(name="blog", converged="now", poor_master="5:5"))
    done = Rewind(desk.checkpoints).to("before")
    assert (done.by, done.was_running) == ("disk", False)
    assert desk.host.calls == ["apply before Stopped"]
    state = desk.states.read("blog")
    assert (state.converged, state.poor_master) == ("then", "")
    assert desk.notes.read("blog").rewinding == ""


@pytest.mark.parametrize(
    ("now", "fails", "told"),
    [
        (machine(cpus=4), False, "has other CPUs or memory now"),
        (machine(mounts=1), False, "would hang"),
        (machine(), True, "Error: it does not fit"),
    ],
    ids=["another size", "mounts", "refused by QEMU"],
)
def test_a_memory_that_does_not_fit_leaves_the_disk(
    sit: Callable[..., Desk], now: Instance, fails: bool, told: str
) -> None:
    desk = sit(Host(machine()))
    desk.checkpoints.make("before")
    desk.host.instance_now, desk.host.fails = now, fails
    done = Rewind(desk.checkpoints).to("before")
    assert (done.by, done.was_running) == ("disk", True)
    assert desk.host.calls == ["end", "apply before Stopped"]
    assert "only the disk goes back, and the machine boots" in desk.told.getvalue()
    assert told in desk.told.getvalue()


def test_a_memory_of_which_nothing_is_known_is_not_trusted(sit: Callable[..., Desk]) -> None:
    desk = sit(Host(machine(), kept=[Snapshot("unnoted", 5, memory_bytes=7)]))
    assert Rewind(desk.checkpoints).to("unnoted").by == "disk"
    assert desk.states.read("blog").converged == ""
