"""The profiles of languages and their tools: `python`, `go`, `rust`, `java`, `mise`, `direnv`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from profiles.catalogue import load, resolve
from profiles.errors import ProfileError
from profiles.go import GO
from profiles.guest import Guest, Repo, Shell
from profiles.mise import MISE
from profiles.pin import Pin
from profiles.python import UV
from profiles.rust import RUST
from provision import Archive, Block, Command, File, FirstOf, Step

GUEST = Guest(
    name="blog",
    repos=(Repo("git@github.com:ann/blog.git", "~/code/blog"), Repo("ssh://h/x", "~/code/x y")),
)
CATALOGUE = load()
SHELLS: tuple[Shell, ...] = ("bash", "zsh", "fish")
DIGEST = "a" * 64


def steps_of(name: str, guest: Guest = GUEST, /, **options: object) -> tuple[Step, ...]:
    return CATALOGUE[name].steps(options, guest)


def ids(steps: Sequence[Step]) -> list[str]:
    return [step.id for step in steps]


def content(steps: Sequence[Step], path: str) -> str:
    [step] = [s for s in steps if isinstance(s, File | Block) and s.path == path]
    assert isinstance(step.content, str)
    return step.content


def commands(steps: Sequence[Step]) -> dict[str, Command]:
    return {step.name: step for step in steps if isinstance(step, Command)}


def alternatives(steps: Sequence[Step], label: str) -> list[list[str]]:
    [step] = [s for s in steps if isinstance(s, FirstOf) and s.label == label]
    return [ids(group) for group in step.alternatives]


def archives(steps: Sequence[Step]) -> list[Archive]:
    return [step for step in steps if isinstance(step, Archive)]


@pytest.mark.parametrize("pin", [GO, MISE, UV, RUST], ids=lambda pin: pin.program)
def test_a_pinned_version_is_exact_and_each_checksum_is_one(pin: Pin) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", pin.version)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in pin.checksums.values())
    assert set(pin.artefacts) <= set(pin.checksums)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("go", {"version": "1.26.9"}),
        ("go", {"version": "latest", "sha256": DIGEST}),
        ("mise", {"version": "2026.9.15"}),
        ("python", {"uv": "0.13.8"}),
        ("python", {"source": "uv", "version": "3.14"}),
        ("rust", {"version": "stable"}),
    ],
)
def test_a_version_without_a_checksum_or_a_number_is_refused(
    name: str, options: Mapping[str, object]
) -> None:
    with pytest.raises(ProfileError):
        steps_of(name, **options)


@pytest.mark.parametrize("name", ["go", "mise"])
def test_a_version_that_is_asked_for_has_no_substitute(name: str) -> None:
    steps = steps_of(name, version="9.9.9", sha256=DIGEST)
    [archive] = archives(steps)
    assert "9.9.9" in archive.url
    assert archive.sha256 == DIGEST
    assert not any(isinstance(step, FirstOf) for step in steps)


# What is added to the shells


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("go", "/home/dev/go/bin"),
        ("rust", "/home/dev/.cargo/bin"),
        ("mise", "/home/dev/.local/share/mise/shims"),
    ],
)
def test_installed_programs_are_on_the_path_of_every_shell(
    name: str, folder: str, shell: Shell
) -> None:
    steps = steps_of(name, replace(GUEST, shell=shell))
    assert f'export PATH={folder}":$PATH"' in content(steps, f"/etc/nopal/{name}.sh")
    wanted = {f"block:~/.bashrc#{name}", f"link:/etc/profile.d/nopal-{name}.sh"}
    if shell == "zsh":
        wanted.add(f"block:/etc/zsh/zshenv#{name}")
    if shell == "fish":
        assert folder in content(steps, f"/etc/fish/conf.d/nopal-{name}.fish")
    assert wanted <= set(ids(steps))


def test_the_path_is_set_where_nobody_types_too() -> None:
    [block] = [s for s in steps_of("go") if isinstance(s, Block) and s.path == "~/.bashrc"]
    assert block.top


@pytest.mark.parametrize("name", ["mise", "direnv"])
def test_a_hook_stands_in_the_prompt_of_bash_and_of_the_login_shell(name: str) -> None:
    found = ids(steps_of(name, replace(GUEST, shell="zsh")))
    assert {f"block:~/.bashrc#{name} prompt", f"block:~/.zshrc#{name} prompt"} <= set(found)
    path = f"/etc/fish/conf.d/nopal-{name}-prompt.fish"
    hook = content(steps_of(name, replace(GUEST, shell="fish")), path)
    assert hook.startswith("status is-interactive; and ")


# python


def test_python_is_the_distributions_unless_uv_is_named() -> None:
    assert "apt:python-is-python3" in ids(steps_of("python"))
    assert not any("CPython" in name for name in commands(steps_of("python")))


def test_uvs_python_is_what_every_shell_calls_python() -> None:
    steps = steps_of("python", source="uv", version="3.13.18")
    assert {f"link:/usr/local/bin/{name}" for name in ("python", "python3", "python3.13")} <= set(
        ids(steps)
    )
    assert commands(steps)["CPython 3.13.18"].creates == (
        "/opt/python/cpython-3.13.18-linux-x86_64-gnu/bin/python3"
    )


def test_a_version_of_python_needs_uv() -> None:
    with pytest.raises(ProfileError, match="source"):
        steps_of("python", version="3.13.18")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_uv_is_installed_by_its_checksum(machine: str) -> None:
    command = commands(steps_of("python", replace(GUEST, machine=machine)))["uv from its wheel"]
    assert f"uv=={UV.version} --hash=sha256:{UV.checksums[machine]}" in command.script
    assert UV.checksums[machine] in command.unless


def test_another_uv_is_told_by_its_checksum_from_the_one_before() -> None:
    command = commands(steps_of("python", uv="0.13.8", uv_sha256=DIGEST))["uv from its wheel"]
    assert f"uv==0.13.8 --hash=sha256:{DIGEST}" in command.script


# Programs of the languages


@pytest.mark.parametrize(
    ("name", "tool", "version", "step"),
    [
        ("python", "ruff", "0.14.2", "uv-tool:ruff"),
        ("go", "golang.org/x/tools/gopls", "v0.21.0", "go-install:golang.org/x/tools/gopls"),
        ("rust", "cargo-nextest", "0.9.110", "cargo:cargo-nextest"),
    ],
)
def test_tools_are_installed_by_the_languages_own_installer(
    name: str, tool: str, version: str, step: str
) -> None:
    assert step in ids(steps_of(name, tools={tool: version}))


@pytest.mark.parametrize("name", ["python", "go", "rust"])
def test_a_tool_cannot_be_an_option_of_its_installer(name: str) -> None:
    with pytest.raises(ProfileError):
        steps_of(name, tools={"--index=https://example.com": ""})


# go


def test_go_comes_from_its_module_where_go_dev_cannot_be_reached() -> None:
    assert alternatives(steps_of("go"), "go") == [
        ["archive:/usr/local/go"],
        ["apt:golang-go", "command:go from its module"],
    ]


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_the_go_module_is_the_pinned_version_for_the_machine(machine: str, arch: str) -> None:
    [either] = [s for s in steps_of("go", replace(GUEST, machine=machine)) if s.kind == "first-of"]
    assert isinstance(either, FirstOf)
    [command] = commands(either.steps).values()
    assert f"golang.org/toolchain@v0.0.1-go{GO.version}.linux-{arch}" in command.script


def test_a_mirror_takes_the_place_of_go_dev() -> None:
    [archive] = archives(
        steps_of("go", mirror="https://example.com/go/", version="1.27.3", sha256=DIGEST)
    )
    assert archive.url == "https://example.com/go/go1.27.3.linux-amd64.tar.gz"


def test_without_cgo_there_is_no_c_compiler() -> None:
    assert "apt:gcc" in ids(steps_of("go"))
    assert "apt:gcc" not in ids(steps_of("go", cgo=False))


# rust


def test_rust_may_be_the_distributions_where_rusts_server_cannot_be_reached() -> None:
    by_rustup, by_distribution = alternatives(steps_of("rust"), "rust")
    assert by_rustup[0] == "apt:rustup"
    assert by_distribution[0] == "apt:rustc"


@pytest.mark.parametrize(
    "options",
    [
        {"source": "rustup"},
        {"version": "1.98.0"},
        {"components": ["rust-analyzer"]},
        {"targets": ["wasm32-unknown-unknown"]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_only_rustup_has_is_never_replaced(options: Mapping[str, object]) -> None:
    steps = steps_of("rust", **options)
    assert "apt:rustup" in ids(steps)
    assert not any(isinstance(step, FirstOf) for step in steps)


def test_a_missing_component_makes_rustup_run_again() -> None:
    steps = steps_of("rust", components=["rust-src"], targets=["wasm32-unknown-unknown"])
    command = commands(steps)[f"rust {RUST.version}"]
    for word in ("rust-src", "wasm32-unknown-unknown", "clippy", RUST.version):
        assert word in command.unless
        assert word in command.script


def test_the_distributions_rust_needs_no_server_of_rusts() -> None:
    steps = steps_of("rust", source="distribution")
    assert "apt:rustc" in ids(steps)
    assert not commands(steps)


@pytest.mark.parametrize(
    "options",
    [{"source": "distribution", "version": "1.98.0"}, {"components": ["--toolchain=nightly"]}],
    ids=["of the distribution", "an option"],
)
def test_rust_refuses_what_it_cannot_give(options: Mapping[str, object]) -> None:
    with pytest.raises(ProfileError):
        steps_of("rust", **options)


# java


def test_java_is_the_version_that_is_asked_for_whichever_else_there_is() -> None:
    steps = steps_of("java", replace(GUEST, machine="aarch64"), version=25)
    home = "/usr/lib/jvm/java-25-openjdk-arm64"
    assert "apt:openjdk-25-jdk-headless" in ids(steps)
    assert f"java means {home}" in commands(steps)
    assert f"export JAVA_HOME={home}\n" in content(steps, "/etc/nopal/java.sh")
    assert f'JAVA_HOME="{home}"\n' in content(steps, "/etc/environment")


def test_maven_and_gradle_are_installed_and_tried_when_asked_for() -> None:
    plain, full = ids(steps_of("java")), ids(steps_of("java", maven=True, gradle=True))
    assert set(full) - set(plain) == {
        "apt:maven",
        "apt:gradle",
        "check:mvn --batch-mode --version",
        "check:gradle --version",
    }


def test_java_is_told_of_the_hosts_authorities() -> None:
    name = "java trusts the host's authorities"
    assert name not in commands(steps_of("java"))
    assert name in commands(steps_of("java", replace(GUEST, extra_ca=("a certificate",))))


# direnv


def test_direnv_allows_nothing_beforehand() -> None:
    changes = [step for step in steps_of("direnv") if step.kind != "check"]
    assert {step.kind for step in changes} == {"apt", "block", "file"}
    assert not any("allow" in str(s.content) for s in changes if isinstance(s, Block))


# mise


def mise_settings(guest: Guest = GUEST, /, **options: object) -> dict[str, object]:
    toml = pytest.importorskip("tomllib")
    text = content(steps_of("mise", guest, **options), "/etc/mise/conf.d/nopal.toml")
    return dict(toml.loads(text)["settings"])


def test_mise_trusts_the_clones_and_nothing_else() -> None:
    clones = ["/home/dev/code/blog", "/home/dev/code/x y"]
    assert mise_settings()["trusted_config_paths"] == clones
    assert mise_settings(Guest(name="plain"))["trusted_config_paths"] == []


def test_mise_installs_the_tools_of_each_clone_as_the_user() -> None:
    found = commands(steps_of("mise"))
    assert list(found) == ["tools of ~/code/blog", "tools of ~/code/x y"]
    assert {command.run_as for command in found.values()} == {"login"}
    assert not any(command.needs_agent for command in found.values())


def test_a_look_at_the_tools_asks_no_server() -> None:
    assert all("MISE_OFFLINE=1" in c.unless for c in commands(steps_of("mise")).values())


def test_mise_leaves_the_tools_to_the_person_when_told_so() -> None:
    assert not commands(steps_of("mise", install=False))


def test_a_file_of_a_tools_own_counts_when_its_tool_is_named() -> None:
    settings = mise_settings(version_files=["node"])
    assert settings["idiomatic_version_file_enable_tools"] == ["node"]


def test_the_tools_of_a_clone_come_after_it_and_before_its_dependencies() -> None:
    names = [profile.label for profile in resolve(["mise", "node"], CATALOGUE, has_repos=True)]
    assert names == ["base", "node", "git", "repos", "mise", "deps"]
