"""The agents `opencode`, `gemini` and `aider`: what is answered beforehand, and how they start."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from invoke import Exit

from nopal.tasks.agents import AGENTS, Agent
from profiles.aider import aider
from profiles.catalogue import BUILT_IN
from profiles.gemini import gemini
from profiles.guest import Autonomy, Guest, Repo
from profiles.opencode import opencode
from profiles.profile import Profile
from provision import Block, File, JsonMerge, Npm, Step, UvTool
from provision.steps.json_merge import Default

GUEST = Guest(name="blog", repos=(Repo("git@github.com:ann/blog.git", "~/code/blog"),))
PROFILES = [opencode, gemini, aider]


def content(steps: tuple[Step, ...], path: str) -> str:
    [step] = [s for s in steps if isinstance(s, File | Block) and s.path == path]
    assert isinstance(step.content, str)
    return step.content


def merged(steps: tuple[Step, ...], path: str) -> dict[str, object]:
    [step] = [step for step in steps if isinstance(step, JsonMerge) and step.path == path]
    return dict(step.values)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.label)
def test_an_agent_is_installed_at_exactly_one_version(profile: Profile) -> None:
    [program] = [s for s in profile.steps({}, GUEST) if isinstance(s, Npm | UvTool)]
    assert re.fullmatch(r"\d+\.\d+\.\d+", program.version)
    [program] = [
        s for s in profile.steps({"version": "9.9.9"}, GUEST) if isinstance(s, Npm | UvTool)
    ]
    assert program.version == "9.9.9"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.label)
def test_an_agent_is_told_of_its_machine(profile: Profile) -> None:
    texts = [s.content for s in profile.steps({}, GUEST) if isinstance(s, Block)]
    assert any("You are in `blog`" in str(text) for text in texts)


# opencode


@pytest.mark.parametrize(
    ("autonomy", "at_work", "outside"),
    [("auto", "allow", "ask"), ("full", "allow", "allow"), ("ask", "ask", "ask")],
)
def test_opencode_asks_as_the_project_wants(autonomy: Autonomy, at_work: str, outside: str) -> None:
    steps = opencode.steps({}, replace(GUEST, autonomy=autonomy))
    asked = merged(steps, "~/.config/opencode/opencode.json")["permission"]
    assert isinstance(asked, dict)
    assert (asked["edit"], asked["bash"], asked["external_directory"]) == (
        at_work,
        at_work,
        outside,
    )


def test_opencode_does_not_update_itself() -> None:
    values = merged(opencode.steps({}, GUEST), "~/.config/opencode/opencode.json")
    assert values["autoupdate"] == Default(value=False)


# gemini


def defaults(**options: object) -> dict[str, dict[str, object]]:
    text = content(gemini.steps(options, GUEST), "/etc/gemini-cli/system-defaults.json")
    settings: dict[str, dict[str, object]] = json.loads(text)
    return settings


def policy(autonomy: Autonomy) -> str:
    steps = gemini.steps({}, replace(GUEST, autonomy=autonomy))
    return content(steps, "~/.gemini/policies/nopal.toml")


def test_gemini_does_not_update_itself() -> None:
    assert defaults()["general"]["enableAutoUpdate"] is False


def test_gemini_trusts_every_folder_in_which_it_may_be_started() -> None:
    trusted = merged(gemini.steps({}, GUEST), "~/.gemini/trustedFolders.json")
    assert trusted == {
        "/home/dev/code": Default("TRUST_FOLDER"),
        "/home/dev/code/blog": Default("TRUST_FOLDER"),
    }


def test_gemini_asks_how_to_log_in_unless_the_person_has_said() -> None:
    assert "security" not in defaults()
    assert defaults(login="key")["security"] == {"auth": {"selectedType": "gemini-api-key"}}


def test_gemini_asks_as_the_project_wants() -> None:
    assert "[[rule]]" not in policy("ask")
    assert 'decision = "allow"' in policy("auto")
    assert 'decision = "ask_user"' in policy("auto")
    assert 'decision = "deny"' in policy("full")


def test_geminis_plan_mode_stays_one_that_only_reads() -> None:
    for rule in policy("full").split("[[rule]]")[1:]:
        assert 'modes = ["default", "autoEdit"]' in rule


# aider


def aider_config(autonomy: Autonomy) -> list[str]:
    return content(
        aider.steps({}, replace(GUEST, autonomy=autonomy)), "~/.aider.conf.yml"
    ).splitlines()


def test_aider_gets_a_python_that_it_runs_on() -> None:
    [tool] = [step for step in aider.steps({}, GUEST) if isinstance(step, UvTool)]
    assert tool.python.startswith("3.12.")


def test_aider_says_yes_for_nobody_but_who_gave_it_full_autonomy() -> None:
    assert "yes-always: true" in aider_config("full")
    assert "yes-always: false" in aider_config("auto")
    assert "yes-always: false" in aider_config("ask")


def test_aiders_first_questions_are_answered() -> None:
    config = aider_config("auto")
    for answer in ("analytics", "check-update", "gitignore", "show-release-notes"):
        assert f"{answer}: false" in config


def test_a_persons_own_keys_stand_below_aiders_and_win() -> None:
    [block] = [
        step
        for step in aider.steps({}, GUEST)
        if isinstance(step, Block) and step.path == "~/.aider.conf.yml"
    ]
    assert block.top


# How they are started


def test_every_agent_with_a_verb_is_a_profile() -> None:
    assert {agent.program for agent in AGENTS} <= set(BUILT_IN)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("claude", ("--", "--help")),
        ("codex", ("--", "--help")),
        ("opencode", ("--prompt=--help",)),
        ("gemini", ("--prompt-interactive=--help",)),
    ],
)
def test_a_prompt_that_begins_with_a_dash_is_no_option(
    program: str, words: tuple[str, ...]
) -> None:
    assert agent_called(program).told("--help") == words


def test_no_prompt_means_no_argument() -> None:
    assert {agent.told("") for agent in AGENTS} == {()}


def test_an_agent_that_takes_no_prompt_says_so() -> None:
    with pytest.raises(Exit) as caught:
        agent_called("aider").told("fix it")
    assert caught.value.code == 2


def agent_called(program: str) -> Agent:
    [found] = [agent for agent in AGENTS if agent.program == program]
    return found
