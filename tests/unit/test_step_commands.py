from __future__ import annotations

import base64
import dataclasses

import pytest
from step_facts import FACTS

from provision import Apt, AptRepository, Check, Command, File, FirstOf, GitClone
from provision.steps.first_of import FirstOf as Alternatives

UPSTREAM = (
    AptRepository(
        "gh",
        uris=("https://cli.github.com/packages",),
        suites=("stable",),
        key_url="https://cli.github.com/packages/gh.gpg",
        key_fingerprints=("A" * 40,),
    ),
    Apt("gh", version_at_least="2.82.1"),
)
GH = FirstOf("gh", UPSTREAM, Apt("gh"))


def states(*texts: str) -> str:
    return "\n".join(base64.b64encode(text.encode()).decode() for text in texts)


def test_a_command_whose_guard_holds_calls_for_no_change() -> None:
    assert Command("make", creates="/x").plan("done", FACTS) is None


def test_a_command_with_a_guard_runs_when_it_does_not_hold() -> None:
    change = Command("docker volume create pg", unless="docker volume inspect pg").plan("", FACTS)
    assert change is not None
    assert (change.summary, change.script) == (
        "run docker volume create pg",
        "docker volume create pg",
    )
    assert change.is_provable


def test_a_command_without_a_guard_will_run_and_cannot_be_proved() -> None:
    change = Command("date").plan("", FACTS)
    assert change is not None
    assert change.summary == "will run date"
    assert not change.is_provable


def test_a_command_is_named_by_its_first_line_or_as_asked() -> None:
    assert Command("\n one \ntwo").name == "one"
    assert Command("x" * 100).name == "x" * 59 + "…"
    assert Command("one", name="the one").id == "command:the one"


def test_a_command_that_creates_something_in_the_home_runs_as_the_login_user() -> None:
    assert Command("x", creates="~/y").run_as == "login"
    assert Command("x").run_as == "root"


def test_a_check_that_sees_what_it_expects_calls_for_no_change() -> None:
    assert Check("node --version", matches=r"^v24\.").plan("warning\nv24.1.0\n\n0", FACTS) is None
    assert Check("true").plan("\n0", FACTS) is None


@pytest.mark.parametrize(
    ("state", "summary"),
    [
        ("v18.0.0\n\n0", "node --version: expected '^v24', saw 'v18.0.0'"),
        ("sh: node: not found\n\n127", "node --version: exit status 127: sh: node: not found"),
        ("v24.0.0\n\n1", "node --version: exit status 1: v24.0.0"),
        ("", "node --version: exit status unknown: no output"),
    ],
    ids=["other output", "not there", "failed", "no answer"],
)
def test_a_check_fails_with_what_was_seen_and_changes_nothing(state: str, summary: str) -> None:
    change = Check("node --version", matches="^v24").plan(state, FACTS)
    assert change is not None
    assert (change.summary, change.script) == (summary, "")


def test_a_check_with_a_broken_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="broken expression"):
        Check("x", matches="(")


def test_alternatives_of_which_one_holds_call_for_no_change() -> None:
    assert FirstOf("x", File("/a", ""), Apt("gh")).plan(states("-", "2.46"), FACTS) is None


def test_an_alternative_holds_only_when_all_its_steps_do() -> None:
    both = FirstOf("x", (Apt("a1"), Apt("b1")))
    assert both.plan(states("1", "1"), FACTS) is None
    assert both.plan(states("1", ""), FACTS) is not None


def test_alternatives_are_tried_in_order_and_each_failure_is_said() -> None:
    change = FirstOf("gh", Apt("gh", version_at_least="9"), Apt("hub")).plan(states("", ""), FACTS)
    assert change is not None
    script = change.script
    said = script.index("gh: gh could not be used")
    assert script.index("nopal_get gh") < said < script.index("nopal_get hub")
    assert "': trying hub'" in script


def test_neighbours_of_one_kind_are_merged_within_an_alternative() -> None:
    change = FirstOf("x", (Apt("a1"), Apt("b1"))).plan(states("", ""), FACTS)
    assert change is not None
    assert change.script.count("nopal_get a1 b1") == 1


def test_alternatives_of_both_users_run_as_root_and_step_down_for_the_login_users() -> None:
    mixed = FirstOf("x", Apt("a1"), File("~/x", "1"))
    change = mixed.plan(states("", "-"), FACTS)
    assert mixed.run_as == "root"
    assert change is not None
    assert 'runuser -u "$SUDO_USER"' in change.script
    assert FirstOf("x", File("~/x", "1")).run_as == "login"


def test_root_never_meets_the_agent_in_alternatives() -> None:
    with pytest.raises(ValueError, match="cannot be alternatives"):
        FirstOf("x", GitClone("https://x/y", "~/y"), Apt("a1"))


def test_alternatives_can_be_copied_with_other_tags() -> None:
    copy = dataclasses.replace(GH, tags=("gh",))
    assert isinstance(copy, Alternatives)
    assert copy.alternatives == GH.alternatives
    assert copy.tags == ("gh",)


def test_an_alternative_without_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="without steps"):
        FirstOf("x", ())
