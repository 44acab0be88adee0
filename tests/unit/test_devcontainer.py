"""A devcontainer.json as input: what a project takes of it, and that none of it is trusted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoke import Context, Exit

from nopal.devcontainer import AGENTS, Adoption, adopt, parse
from nopal.errors import ProjectFaults
from nopal.new_file import repo_file
from nopal.project_file import parse_toml
from nopal.tasks.init import init
from profiles.catalogue import load, resolve
from profiles.errors import StepRefused
from profiles.guest import Guest, Repo
from provision import Command, Step

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path("devcontainer.json")
FEATURES = "ghcr.io/devcontainers/features"


def left_out(adoption: Adoption) -> dict[str, str]:
    return {one.key: one.why for one in adoption.left_out}


def tools(adoption: Adoption) -> list[str]:
    return [name for name in adoption.profiles if name not in AGENTS]


# the file


def test_comments_and_trailing_commas_are_read() -> None:
    text = '// one\n{"image": "node:24", /* two */ "forwardPorts": [3000,], "a": "http://x",}'
    assert parse(FILE, text) == {"image": "node:24", "forwardPorts": [3000], "a": "http://x"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a": 1, "a": 2}', "[" * 5000, '{"a": /*', '{"a": ' + "9" * 5000 + "}"],
    ids=["empty", "list", "cut", "twice", "deep", "comment", "number"],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(ProjectFaults):
        parse(FILE, text)


# images and features


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("mcr.microsoft.com/devcontainers/javascript-node:1-20-bookworm", ["node"]),
        ("mcr.microsoft.com/devcontainers/typescript-node", ["node"]),
        ("mcr.microsoft.com/vscode/devcontainers/python:3", ["python"]),
        ("mcr.microsoft.com/devcontainers/base:ubuntu", []),
        ("node:20", ["node"]),
        ("docker.io/library/python:3.12-slim", ["python"]),
        ("golang:1.27", ["go"]),
        ("rust", ["rust"]),
        ("eclipse-temurin:21", ["java"]),
    ],
)
def test_the_family_of_an_image_names_a_profile(image: str, expected: list[str]) -> None:
    adoption = adopt({"image": image})
    assert tools(adoption) == expected
    assert "no profile stands for" not in left_out(adoption).get("image", "")


@pytest.mark.parametrize("image", ["postgres:16", "example.com/node:20", "node:20 x", "", 7])
def test_an_unknown_image_is_listed(image: object) -> None:
    adoption = adopt({"image": image})
    assert tools(adoption) == []
    assert "no profile stands for" in left_out(adoption)["image"]


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("node:1", ["node"]),
        ("python:1", ["python"]),
        ("go:1", ["go"]),
        ("rust", ["rust"]),
        ("java:1", ["java"]),
        ("docker-in-docker:2", ["docker"]),
        ("docker-outside-of-docker:1", ["docker"]),
        ("github-cli:1", []),
        ("common-utils:2", []),
    ],
)
def test_a_feature_names_a_profile(feature: str, expected: list[str]) -> None:
    adoption = adopt({"features": {f"{FEATURES}/{feature}": {}}})
    assert tools(adoption) == expected


def test_the_machines_docker_is_not_the_computers() -> None:
    adoption = adopt({"features": {f"{FEATURES}/docker-outside-of-docker:1": {}}})
    assert "the machine has its own" in left_out(adoption)["feature docker-outside-of-docker:1"]


def test_a_feature_of_somebody_else_is_listed() -> None:
    adoption = adopt({"features": {"ghcr.io/eve/features/node:1": {}}})
    assert tools(adoption) == []
    assert left_out(adoption) == {"feature ghcr.io/eve/features/node:1": "no profile stands for it"}


@pytest.mark.parametrize(
    ("feature", "version", "options"),
    [
        ("python", "3.12.4", {"source": "uv", "version": "3.12.4"}),
        ("rust", "1.90.0", {"version": "1.90.0"}),
        ("java", "25", {"version": 25}),
    ],
)
def test_a_version_becomes_an_option_where_the_profile_takes_it(
    feature: str, version: str, options: dict[str, object]
) -> None:
    adoption = adopt({"features": {f"{FEATURES}/{feature}:1": {"version": version}}})
    assert adoption.options == {feature: options}
    load()[feature].read_options(options)


@pytest.mark.parametrize(
    ("feature", "version"),
    [("node", "20"), ("go", "1.22"), ("python", "3.12"), ("rust", "nightly"), ("java", "8")],
)
def test_a_version_that_no_option_takes_is_listed(feature: str, version: str) -> None:
    adoption = adopt({"features": {f"{FEATURES}/{feature}:1": version}})
    assert adoption.options == {}
    assert f"version {version}" in left_out(adoption)[f"feature {feature}:1"]


# variables, ports, commands


def test_variables_of_containers_and_sessions_are_those_of_the_machine() -> None:
    adoption = adopt({"containerEnv": {"A": "1", "B": "1"}, "remoteEnv": {"B": "2"}})
    assert adoption.options == {"base": {"environment": {"A": "1", "B": "2"}}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A", "${localEnv:TOKEN}"),
        ("A", "x\ny"),
        ("A", None),
        ("A=B", "x"),
        ("PATH", "/evil"),
        ("SSH_AUTH_SOCK", "/x"),
    ],
)
def test_a_variable_that_the_machine_cannot_have_is_listed(name: str, value: object) -> None:
    adoption = adopt({"remoteEnv": {name: value}})
    assert adoption.options == {}
    assert f"remoteEnv.{name}" in left_out(adoption)


def test_ports_of_the_machine_are_forwarded_and_others_listed() -> None:
    adoption = adopt({"forwardPorts": [3000, "localhost:8080", "db:5432", 22, 0, 70000, True]})
    assert adoption.ports == [3000, 8080]
    assert len(adoption.left_out) == 5


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("npm run build && true", ["npm run build && true"]),
        (["echo", "a b", "$HOME"], ["echo 'a b' '$HOME'"]),
        ({"one": "make", "two": ["make", "docs"]}, ["make", "make docs"]),
    ],
)
def test_a_command_is_taken_in_each_of_its_forms(command: object, expected: list[str]) -> None:
    adoption = adopt({"postCreateCommand": command})
    assert adoption.profiles[-1] == "devcontainer"
    assert adoption.options == {"devcontainer": {"post_create": expected}}


def test_commands_that_run_once_keep_their_order() -> None:
    config = {"postCreateCommand": "c", "updateContentCommand": "b", "onCreateCommand": "a"}
    assert adopt(config).options["devcontainer"]["post_create"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "command", ["a\x1b[2Kb", "a\u202eb", "a\rb", "x" * 5000, 7, [], [1], {"a": 1}]
)
def test_a_command_that_cannot_be_shown_as_it_is_does_not_run(command: object) -> None:
    adoption = adopt({"postCreateCommand": command})
    assert adoption.options == {}
    assert "postCreateCommand" in left_out(adoption)


@pytest.mark.parametrize(
    "key",
    [
        "build",
        "dockerComposeFile",
        "initializeCommand",
        "mounts",
        "privileged",
        "remoteUser",
        "runArgs",
        "secrets",
        "workspaceMount",
        "somethingNew",
    ],
)
def test_what_is_not_taken_over_is_listed_with_a_reason(key: str) -> None:
    adoption = adopt({key: "x"})
    assert adoption.profiles == list(AGENTS)
    assert (adoption.options, adoption.ports) == ({}, [])
    assert left_out(adoption)[key]


# what comes of it

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
KEYS = st.sampled_from(
    [
        "image",
        "features",
        "forwardPorts",
        "containerEnv",
        "remoteEnv",
        "postCreateCommand",
        "mounts",
    ]
)


@given(config=st.dictionaries(KEYS | st.text(max_size=8), ANYTHING, max_size=6))
def test_whatever_the_file_holds_the_project_file_is_sound(config: dict[str, object]) -> None:
    adoption = adopt(config)
    assert all(str(one).isprintable() for one in adoption.left_out)
    text = repo_file(
        "x", profiles=adoption.profiles, ports=adoption.ports, options=adoption.options
    )
    file = parse_toml(Path(".nopal.toml"), text.encode())
    assert file.faults == ()
    assert file.tables.keys() <= {"name", "profiles", "ports", "options"}
    resolve(adoption.profiles, load())
    for profile, options in adoption.options.items():
        load()[profile].read_options(options)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_survives_the_way_into_the_file(text: str) -> None:
    written = repo_file("x", options={"base": {"environment": {text: [text, 1, True]}}})
    read = tomllib.loads(written)["options"]["base"]["environment"]
    assert read == {text: [text, 1, True]}


# the profile

GUEST = Guest(name="x", repos=(Repo("ssh://h/a", "~/code/a b"), Repo("ssh://h/b", "~/code/b")))


def steps_of(guest: Guest = GUEST, **options: object) -> tuple[Step, ...]:
    return load()["devcontainer"].steps(options, guest)


def test_each_command_runs_as_the_user_without_the_agent_in_the_first_clone() -> None:
    steps = steps_of(post_create=["make", "make docs"])
    assert {(step.run_as, step.needs_agent) for step in steps} == {("login", False)}
    for step in steps:
        assert isinstance(step, Command)
        assert step.script.startswith("cd \"$HOME\"/'code/a b'\n")


def test_the_same_command_twice_is_two_steps_and_a_changed_one_another() -> None:
    twice = steps_of(post_create=["make", "make"])
    assert len({step.id for step in twice}) == 2
    assert steps_of(post_create=["make"])[0].probe() != steps_of(post_create=["true"])[0].probe()


def test_a_folder_that_is_no_clone_is_refused() -> None:
    with pytest.raises(StepRefused):
        steps_of(post_create=["make"], folder="/etc")
    with pytest.raises(StepRefused):
        steps_of(Guest(name="x"), post_create=["make"])


# the verb


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    top = tmp_path / "blog"
    (top / ".git").mkdir(parents=True)
    monkeypatch.chdir(top)
    monkeypatch.setenv("NOPAL_HOME", str(tmp_path / "nopal"))
    monkeypatch.setenv("NOPAL_CONFIG", str(tmp_path / "projects.toml"))
    return top


def test_the_file_is_shown_and_not_written_without_a_yes(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo / ".devcontainer.json").write_text('{"postCreateCommand": "make", "mounts": ["/"]}')
    with pytest.raises(Exit):
        init(Context(), from_devcontainer=True)
    seen = capsys.readouterr()
    assert 'post_create = ["make"]' in seen.out
    assert "not taken over: mounts:" in seen.err
    assert not (repo / ".nopal.toml").exists()


def test_with_a_yes_the_file_is_written_and_never_replaced(repo: Path) -> None:
    init(Context(), yes=True)
    assert (repo / ".nopal.toml").read_text() == 'name = "blog"\n'
    with pytest.raises(Exit):
        init(Context(), name="other", yes=True)
    assert (repo / ".nopal.toml").read_text() == 'name = "blog"\n'


def test_a_link_in_the_repo_is_neither_read_nor_written_through(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"image": "node"}')
    (repo / ".devcontainer.json").symlink_to(tmp_path / "secret")
    with pytest.raises(Exit):
        init(Context(), from_devcontainer=True, yes=True)
    (repo / ".nopal.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exit):
        init(Context(), yes=True)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["../x", "a b", "default"])
def test_a_name_that_up_would_refuse_is_refused(repo: Path, name: str) -> None:
    with pytest.raises(Exit):
        init(Context(), name=name, yes=True)
    assert not (repo / ".nopal.toml").exists()
