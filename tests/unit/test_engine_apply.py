"""The script that applies, and the reading of what it says."""

from __future__ import annotations

from engine_samples import FACTS, ROOT, Thing

from provision.apply import ApplyReader, agent_script, apply_script
from provision.framing import Framing
from provision.plan import Action, plan
from provision.step import Step

NONCE = "0123456789abcdef"


def actions(*steps: Step) -> tuple[Action, ...]:
    return plan(steps, {step.id: "no" for step in steps}, FACTS).actions


def heard(*lines: str) -> list[tuple[object, ...]]:
    events: list[tuple[object, ...]] = []
    reader = ApplyReader(
        Framing(NONCE),
        lambda index: events.append(("begins", index)),
        lambda index, line: events.append(("says", index, line)),
        lambda index, status: events.append(("ends", index, status)),
    )
    for line in lines:
        reader.line(line.replace("@", f"\x1e{NONCE} "))
    return [*events, ("done", reader.is_done), ("running", reader.running)]


def test_lines_belong_to_the_change_that_runs() -> None:
    assert heard("", "@begin 0", "a", "", "b", "", "@end 0 0", "", "@begin 1", "", "@end 1 7") == [
        ("begins", 0),
        ("says", 0, "a"),
        ("says", 0, ""),
        ("says", 0, "b"),
        ("ends", 0, 0),
        ("begins", 1),
        ("ends", 1, 7),
        ("done", False),
        ("running", []),
    ]


def test_lines_of_changes_side_by_side_carry_their_own_index() -> None:
    assert heard("@begin 0", "@begin 1", "@say 0 0 a", "@say 1 0 b", "@end 0 0", "@done 0") == [
        ("begins", 0),
        ("begins", 1),
        ("says", 0, "a"),
        ("says", 1, "b"),
        ("ends", 0, 0),
        ("done", True),
        ("running", [1]),
    ]


def test_lines_before_the_first_change_are_kept_apart() -> None:
    reader = ApplyReader(Framing(NONCE), lambda _: None, lambda *_: None, lambda *_: None)
    reader.line("sudo: no")
    assert reader.outside == ["sudo: no"]


def test_one_sudo_serves_all_changes_and_the_users_run_from_there() -> None:
    script = apply_script(
        actions(Thing("a"), Thing("b", run_as="login"), Thing("c")), FACTS, Framing(NONCE)
    )
    assert script.count("sudo -n") == 1
    assert script.count("runuser -u dev") == 1


def test_changes_of_the_login_user_alone_call_no_sudo() -> None:
    steps = actions(Thing("a", run_as="login"))
    assert "sudo -n" not in apply_script(steps, FACTS, Framing(NONCE))


def test_root_itself_calls_no_sudo() -> None:
    script = apply_script(actions(Thing("a"), Thing("b", run_as="login")), ROOT, Framing(NONCE))
    assert "sudo -n" not in script
    assert "runuser -u" not in script


def test_only_the_script_for_the_agent_keeps_the_agent() -> None:
    step = actions(Thing("a", run_as="login", needs_agent=True))
    assert "unset SSH_AUTH_SOCK" not in agent_script(step, Framing(NONCE))
    assert "unset SSH_AUTH_SOCK" in apply_script(step, FACTS, Framing(NONCE))


def test_clones_are_bounded() -> None:
    steps = actions(*(Thing(str(n), needs_agent=True) for n in range(13)))
    assert agent_script(steps, Framing(NONCE)).split("\n").count("wait") == 3
