"""The script that asks, and the reading of its answer."""

from __future__ import annotations

import pytest
from engine_samples import Package, Thing

from provision import Check, Directory
from provision.errors import SudoRefused, UnsupportedGuest
from provision.framing import Framing
from provision.groups import group_steps
from provision.probe import Probe, limit_s, read_facts
from provision.step import Step

NONCE = "0123456789abcdef"
DEBIAN = "debian\ntrixie\n13\n\nLinux 6.12.1 aarch64\n/home/dev\n1000\ndev\ndev sudo docker"


def answer(probe: Probe, *records: tuple[str, str]) -> list[str]:
    return "".join(f"\n\x1e{NONCE} {mark}\n{text}\n" for mark, text in records).split("\n")


def probe(*steps: Step) -> Probe:
    return Probe(steps, Framing(NONCE))


def test_the_facts_are_typed() -> None:
    facts = read_facts(DEBIAN)
    assert (facts.distribution, facts.codename, facts.version) == ("debian", "trixie", "13")
    assert (facts.machine, facts.arch, facts.kernel) == ("aarch64", "arm64", "6.12.1")
    assert (facts.user, facts.home, facts.uid) == ("dev", "/home/dev", 1000)
    assert facts.groups == ("dev", "sudo", "docker")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing"),
        ("fedora\n\n42\n\nLinux 6.1 x86_64\n/\n0\nroot\nroot", "fedora"),
        ("\n\n\n\nDarwin 24 arm64\n/Users/x\n501\nx\nstaff", "Darwin"),
    ],
    ids=["silent", "fedora", "macos"],
)
def test_another_system_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UnsupportedGuest, match=said):
        read_facts(text)


def test_a_derivative_of_debian_will_do() -> None:
    text = "raspbian\nbookworm\n12\ndebian\nLinux 6.1 aarch64\n/home/pi\n1000\npi\npi"
    assert read_facts(text).distribution == "raspbian"


def test_steps_of_a_kind_and_a_user_are_probed_together() -> None:
    steps = [Package("a"), Thing("t"), Package("b"), Package("c", run_as="login")]
    scripts = [group.script for group in group_steps(steps)]
    assert scripts == ["look a b", "look t", "look c"]


def test_states_come_back_by_step() -> None:
    asked = probe(Package("a"), Package("b"), Thing("t"))
    lines = answer(
        asked, ("facts 0", DEBIAN), ("root 0", ""), ("state 0", "x y"), ("end 0 0", ""),
        ("state 1", "two\nlines\n"), ("end 1 1", ""),
    )  # fmt: skip
    assert asked.read(lines).states == {"package:a": "x", "package:b": "y", "thing:t": "two\nlines"}


def test_a_batch_that_answers_for_too_few_answers_for_none() -> None:
    asked = probe(Package("a"), Package("b"))
    lines = answer(asked, ("facts 0", DEBIAN), ("state 0", "x"), ("end 0 0", ""))
    assert asked.read(lines).states == {"package:a": None, "package:b": None}


def test_a_probe_that_never_ended_has_no_state_and_is_told_from_those_never_begun() -> None:
    asked = probe(Thing("a"), Thing("b"))
    found = asked.read(answer(asked, ("facts 0", DEBIAN), ("state 0", "x")))
    assert found.states == {"thing:a": None, "thing:b": None}
    assert [group.steps for group in found.stuck] == [(Thing("a"),)]


def test_one_watch_is_over_all_probes_of_a_user() -> None:
    steps = [Thing("a"), Thing("b"), Thing("c", run_as="login"), Thing("d", run_as="login")]
    asked = Probe(steps, limit_s=7).script()
    # Of root's two, one is for who is root already.
    assert asked.count("timeout -s KILL 7 sh -s") == 3
    assert "timeout" not in Probe([]).script()


def test_steps_that_are_to_be_probed_alone_are() -> None:
    steps = [Package("a"), Package("b"), Package("c")]
    scripts = [group.script for group in group_steps(steps, {"package:b"})]
    assert scripts == ["look a c", "look b"]


def test_a_sudo_that_did_not_start_the_shell_is_told() -> None:
    asked = probe(Thing("a"))
    lines = answer(asked, ("facts 0", DEBIAN), ("sudo 0", "sudo: a password is required"))
    with pytest.raises(SudoRefused, match="a password is required"):
        asked.read(lines)


def test_only_steps_of_root_call_sudo_and_only_once() -> None:
    both = probe(Thing("a"), Thing("b"), Thing("c", run_as="login")).script()
    assert both.count("sudo -n") == 1
    assert "sudo" not in probe(Thing("c", run_as="login")).script()


def test_each_check_gives_all_probes_more_time() -> None:
    checks = [Check(f"program-{n} --version") for n in range(3)]
    assert limit_s([Directory("/srv")]) < limit_s(checks[:1]) < limit_s(checks)
