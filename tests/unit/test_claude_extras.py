"""What a person adds to Claude Code by options, and what a repo may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from invoke import Config, Context, Exit
from project_builder import Desk

from nopal.errors import PersonOnlyKey
from nopal.tasks.open import open_workspace
from profiles.claude import claude
from profiles.errors import WrongOption
from profiles.guest import Guest
from provision import Command, File, JsonMerge, Step
from provision.steps.json_merge import Default

GUEST = Guest(name="blog")


def merged(path: str, **options: object) -> dict[str, object]:
    [found] = [step for step in steps(**options) if isinstance(step, JsonMerge) if path in step.id]
    return dict(found.values)


def steps(guest: Guest = GUEST, **options: object) -> tuple[Step, ...]:
    return claude.steps(options, guest)


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        ("tidy@ann/market", "tidy --marketplace ann/market"),
        ("tidy@https://h.example/m.git", "tidy --marketplace https://h.example/m.git"),
        ("tidy@anthropic-plugin-directory", "tidy@anthropic-plugin-directory"),
    ],
)
def test_a_plugin_is_installed_by_claudes_own_command(plugin: str, words: str) -> None:
    [step] = [one for one in steps(plugins=[plugin]) if one.id == f"command:plugin {plugin}"]
    assert isinstance(step, Command)
    assert step.script == f"claude plugin install {words} --yes </dev/null"
    assert step.run_as == "login"


@pytest.mark.parametrize(
    "plugin", ["tidy", "@m", "--yes@ann/market", "tidy@-x", "tidy@a/b;id", "a b@m", "tidy@a/../b"]
)
def test_what_names_no_plugin_is_refused(plugin: str) -> None:
    with pytest.raises(WrongOption, match="PLUGIN@MARKETPLACE"):
        steps(plugins=[plugin])


def test_a_server_stands_in_claudes_own_file_and_its_secret_does_not() -> None:
    server = {"command": "npx", "args": ["docs-mcp"], "env": {"KEY": "${DOCS_KEY}"}}
    assert merged("~/.claude.json", mcp={"docs": server})["mcpServers"] == {"docs": server}
    assert "mcpServers" not in merged("~/.claude.json")


@pytest.mark.parametrize("server", [{}, {"args": ["x"]}])
def test_a_server_that_could_not_be_reached_is_refused(server: dict[str, object]) -> None:
    with pytest.raises(WrongOption, match="neither `command` nor `url`"):
        steps(mcp={"docs": server})


def test_the_status_line_stays_as_the_person_has_it() -> None:
    line = {"type": "command", "command": "/usr/local/lib/nopal/claude-status"}
    assert merged("settings.json")["statusLine"] == Default(line)
    own = {"type": "command", "command": "~/line"}
    assert merged("settings.json", settings={"statusLine": own})["statusLine"] == own


def test_each_command_reads_the_secrets_as_they_are_then() -> None:
    env = merged("settings.json")["env"]
    assert isinstance(env, dict)
    place = env["CLAUDE_ENV_FILE"].value
    [file] = [step for step in steps() if isinstance(step, File) and step.path == place]
    # Claude puts the text into an argument of the shell, which everybody may read.
    assert file.content == "[ ! -r /etc/nopal/secrets.sh ] || . /etc/nopal/secrets.sh\n"


def test_commands_in_a_sandbox_can_neither_lack_nor_leave_it() -> None:
    network = {"network": {"allowAllUnixSockets": True}}
    settings = merged("settings.json", sandbox=True, settings={"sandbox": network})
    assert settings["sandbox"] == {
        "enabled": True,
        "failIfUnavailable": True,
        "allowUnsandboxedCommands": False,
        **network,
    }
    names = [step.id for step in steps(sandbox=True)]
    assert {"apt:bubblewrap", "apt:socat"} <= set(names)
    assert "sandbox" not in merged("settings.json")


def test_ubuntu_is_told_that_the_sandbox_may_make_a_user_namespace() -> None:
    names = [step.id for step in steps(replace(GUEST, distribution="ubuntu"), sandbox=True)]
    assert "file:/etc/apparmor.d/nopal-bwrap" in names
    assert "file:/etc/apparmor.d/nopal-bwrap" not in [one.id for one in steps(sandbox=True)]


@pytest.mark.parametrize(
    "line",
    [
        'settings = {permissions = {defaultMode = "bypassPermissions"}}',
        'plugins = ["x@a/b"]',
        'mcp = {x = {command = "id"}}',
        "sandbox = false",
    ],
)
def test_a_repo_chooses_claudes_version_and_nothing_else(tmp_path: Path, line: str) -> None:
    desk = Desk(tmp_path)
    desk.write_repo(f"name = 'blog'\n[options.claude]\nversion = '2.1.0'\n{line}\n")
    (fault,) = desk.faults()
    assert isinstance(fault, PersonOnlyKey)
    assert fault.place.line == 4
    assert fault.table == "projects.blog.options.claude"


def test_invokes_configuration_chooses_no_more_than_that() -> None:
    def opened(**options: object) -> object:
        return open_workspace(Context(Config(overrides={"profiles": {"claude": options}})))

    opened(version="2.1.0")
    with pytest.raises(Exit) as caught:
        opened(settings={"permissions": {"allow": ["Bash"]}})
    assert "`profiles.claude.settings`" in str(caught.value.message)
