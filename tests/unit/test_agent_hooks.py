"""What makes agents tell their state."""

from __future__ import annotations

import json

import pytest

from profiles.agent_hooks import claude_hooks, codex_hooks
from profiles.catalogue import AGENTS, load
from profiles.data import read_data
from profiles.guest import Guest
from provision import File

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    import tomli as tomllib  # type: ignore[no-redef, import-not-found]

GUEST = Guest(name="blog")


def files(steps: object) -> dict[str, File]:
    found = [step for step in steps if isinstance(step, File)]  # type: ignore[attr-defined]
    return {step.path: step for step in found}


def commands(hooks: dict[str, list[dict[str, list[dict[str, str]]]]]) -> dict[str, str]:
    return {event: one["command"] for event, [group] in hooks.items() for one in group["hooks"]}


def test_hooks_and_what_they_call_belong_to_root() -> None:
    for step in (*claude_hooks(), *codex_hooks()):
        assert isinstance(step, File)
        assert (step.run_as, step.owner) == ("root", "root")
        assert step.path.startswith(("/etc/", "/usr/local/lib/"))
        assert step.mode in {"0644", "0755"}


def test_claude_calls_its_program_for_each_event_with_its_name() -> None:
    written = files(claude_hooks())
    text = written["/etc/claude-code/managed-settings.d/50-nopal.json"].content
    called = commands(json.loads(text)["hooks"])
    program = "/usr/local/lib/nopal/claude-state"
    assert called == {event: f"{program} {event}" for event in called}
    assert set(called) >= {"SessionStart", "UserPromptSubmit", "PermissionRequest", "Stop"}
    assert program in written


def test_codex_trusts_the_folder_of_the_program_that_its_hooks_call() -> None:
    written = files(codex_hooks())
    text = written["/etc/codex/requirements.toml"].content
    assert isinstance(text, str)
    hooks = tomllib.loads(text)["hooks"]
    folder = hooks.pop("managed_dir")
    called = commands(hooks)
    assert called == {event: f"{folder}/codex-state {event}" for event in called}
    assert f"{folder}/codex-state" in written


def test_every_event_of_a_hook_is_one_that_the_program_knows() -> None:
    program = read_data("agent-state.sh")
    events = set()
    for path, step in {**files(claude_hooks()), **files(codex_hooks())}.items():
        if path.endswith(".json"):
            events |= set(json.loads(step.content)["hooks"])
        elif path.endswith(".toml"):
            events |= set(tomllib.loads(str(step.content))["hooks"]) - {"managed_dir"}
    assert {event for event in events if event not in program} == set()


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_tells_its_state_just_where_its_profile_writes_hooks(name: str) -> None:
    profile = load()[name]
    assert profile.agent
    written = files(profile.steps({}, GUEST))
    assert profile.agent.tells == (f"/usr/local/lib/nopal/{name}-state" in written)
