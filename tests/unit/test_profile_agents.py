"""The agents `opencode`, `gemini` and `aider`: what is answered beforehand, and how they start."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from nopal.tasks import ns
from nopal.tasks.agents import Verbs
from profiles.agent import Agent
from profiles.aider import aider
from profiles.catalogue import AGENTS, load
from profiles.errors import AgentCannot
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


@pytest.mark.parametrize("name", AGENTS)
def test_the_catalogue_calls_each_agent_as_its_own_description_does(name: str) -> None:
    described = agent_called(name)
    assert (described.program, described.title) == (name, AGENTS[name])
    assert ns.collections[name].default == "start"


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
    assert agent_called(program).command(prompt="--help") == (program, *words)


def test_a_conversation_is_taken_up_before_all_other_arguments() -> None:
    codex = agent_called("codex")
    more = ("--model", "x")
    assert codex.command(more, goes_on=True) == ("codex", "resume", "--last", *more)
    assert codex.command(more, resumes="7f", prompt="go") == (
        *("codex", "resume", "7f"),
        *more,
        *("--", "go"),
    )
    assert codex.command(resumes="") == ("codex", "resume")
    claude = agent_called("claude")
    assert claude.command(resumes="--x") == ("claude", "--resume=--x")
    assert claude.command(resumes="") == ("claude", "--resume")


def test_a_value_with_the_marks_of_a_hole_stays_as_it_is() -> None:
    assert agent_called("claude").command(prompt="make {} of {0}") == (
        *("claude", "--", "make {} of {0}"),
    )


@pytest.mark.parametrize(
    ("program", "wish"),
    [("aider", {"prompt": "fix it"}), ("aider", {"resumes": "7f"}), ("opencode", {"resumes": ""})],
)
def test_an_agent_says_what_it_has_no_words_for(program: str, wish: dict[str, str]) -> None:
    with pytest.raises(AgentCannot) as caught:
        agent_called(program).command(**wish)  # type: ignore[arg-type]
    assert caught.value.exit_status == 2
    assert caught.value.program == program


@pytest.mark.parametrize("wrong", [{"program": "a b"}, {"program": "-x"}, {"asks": "("}], ids=str)
def test_a_description_that_could_not_be_used_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises((ValueError, re.error)):
        Agent(**{"program": "x", "title": "X", **wrong})  # type: ignore[arg-type]


def test_the_profile_of_an_agent_of_ones_own_gets_its_verb() -> None:
    def goose() -> tuple[Step, ...]:
        return ()

    verbs = Verbs()
    own = Profile(goose, agent=Agent(program="goose", title="Goose", prompt=("run", "{}")))
    verbs.add_collection(own)
    assert verbs.task_names["goose.start"] == ["goose"]
    assert (verbs["goose"].__doc__ or "").startswith("Stand in Goose in the machine")
    verbs.add_collection(Profile(goose, name="plain"))
    assert "plain.start" not in verbs.task_names


def agent_called(name: str) -> Agent:
    found = load()[name].agent
    assert found
    return found
