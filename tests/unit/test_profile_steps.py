"""What the built-in profiles declare for which options and machine."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from profiles.catalogue import BUILT_IN, load, resolve
from profiles.errors import ProfileError, StepRefused, UnknownOption, WrongOption
from profiles.guest import Autonomy, Guest, Repo, Shell
from provision import Archive, Block, Command, File, FirstOf, JsonMerge, Step
from provision.steps.json_merge import Default

GUEST = Guest(
    name="blog",
    repos=(Repo("git@github.com:ann/blog.git", "~/code/blog"), Repo("ssh://h/x", "~/code/x", "v2")),
    git_name="Ann",
    git_email="ann@example.com",
    signing_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhbm5lcg ann@laptop",
    known_hosts="github.com ssh-ed25519 AAAA\n",
    mounts=("/work/shared folder",),
    extra_ca=("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",),
)
PLAIN = Guest(name="blog")
CATALOGUE = load()


def steps_of(name: str, guest: Guest = GUEST, /, **options: object) -> tuple[Step, ...]:
    return CATALOGUE[name].steps(options, guest)


def ids(steps: tuple[Step, ...]) -> list[str]:
    return [step.id for step in steps]


def content(steps: tuple[Step, ...], path: str) -> str:
    [step] = [s for s in steps if isinstance(s, File | Block) and s.path == path]
    assert isinstance(step.content, str)
    return step.content


def merged(steps: tuple[Step, ...], path: str) -> dict[str, object]:
    [step] = [step for step in steps if isinstance(step, JsonMerge) and step.path == path]
    return dict(step.values)


def everything(guest: Guest) -> tuple[Step, ...]:
    profiles = resolve(BUILT_IN, CATALOGUE, has_repos=bool(guest.repos))
    return tuple(step for profile in profiles for step in profile.steps({}, guest))


VARIANTS = [
    GUEST,
    PLAIN,
    replace(GUEST, machine="aarch64", distribution="ubuntu"),
    replace(GUEST, shell="zsh", autonomy="full"),
    replace(GUEST, shell="fish", autonomy="ask", locale="de_DE.UTF-8"),
]


@pytest.mark.parametrize("guest", VARIANTS, ids=["debian", "plain", "ubuntu", "zsh", "fish"])
def test_no_two_steps_of_all_profiles_have_the_same_id(guest: Guest) -> None:
    twice = [name for name, count in Counter(ids(everything(guest))).items() if count > 1]
    assert twice == []


@pytest.mark.parametrize("guest", VARIANTS, ids=["debian", "plain", "ubuntu", "zsh", "fish"])
def test_declaring_twice_gives_the_same_steps(guest: Guest) -> None:
    assert everything(guest) == everything(guest)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_profile_refuses_an_option_it_does_not_have(name: str) -> None:
    with pytest.raises(UnknownOption) as caught:
        steps_of(name, no_such_option=1)
    assert caught.value.profile == name


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - {"repos", "deps", "devcontainer"}))
def test_every_profile_ends_in_a_check(name: str) -> None:
    assert steps_of(name)[-1].kind == "check"


def test_only_clones_need_the_agent_and_none_of_them_runs_as_root() -> None:
    with_agent = [step for step in everything(GUEST) if step.needs_agent]
    assert [step.kind for step in with_agent] == ["git-clone", "git-clone"]
    assert {step.run_as for step in with_agent} == {"login"}


# base


def test_base_installs_the_packages_that_its_option_names() -> None:
    assert "apt:build-essential" in ids(steps_of("base", packages=["build-essential"]))


def test_base_refuses_a_package_name_that_apt_could_take_for_an_option() -> None:
    with pytest.raises(StepRefused):
        steps_of("base", packages=["-o=Dpkg::Post-Invoke::=id"])


def test_host_keys_survive_a_reboot() -> None:
    assert content(steps_of("base"), "/etc/cloud/cloud.cfg.d/90-nopal.cfg") == (
        "ssh_deletekeys: false\n"
    )


def test_the_locale_of_the_c_library_is_not_built() -> None:
    assert "apt:locales" not in ids(steps_of("base", PLAIN))
    assert "apt:locales" in ids(steps_of("base", replace(PLAIN, locale="de_DE.UTF-8")))


def test_the_time_zone_is_the_one_of_the_guest() -> None:
    steps = steps_of("base", replace(PLAIN, timezone="Europe/Berlin"))
    assert content(steps, "/etc/timezone") == "Europe/Berlin\n"


@pytest.mark.parametrize(("shell", "package"), [("zsh", "apt:zsh"), ("fish", "apt:fish")])
def test_the_login_shell_is_installed(shell: Shell, package: str) -> None:
    assert package in ids(steps_of("base", replace(PLAIN, shell=shell)))


def test_zsh_has_a_file_so_that_it_asks_no_first_run_question() -> None:
    assert "block:~/.zshrc#nopal" in ids(steps_of("base", replace(PLAIN, shell="zsh")))


def test_programs_with_their_own_authorities_are_told_of_the_hosts() -> None:
    for path in ("/etc/environment", "/etc/nopal/environment.sh"):
        assert "NODE_EXTRA_CA_CERTS" in content(steps_of("base", GUEST), path)
        assert "NODE_EXTRA_CA_CERTS" not in content(steps_of("base", PLAIN), path)


def test_a_certificate_is_installed_under_a_name_made_of_its_content() -> None:
    names = [name for name in ids(steps_of("base")) if "ca-certificates/" in name]
    assert re.fullmatch(r"file:/usr/local/share/ca-certificates/nopal-[0-9a-f]{16}\.crt", names[0])


def test_a_bundle_of_certificates_is_taken_apart() -> None:
    bundle = "# one\n" + GUEST.extra_ca[0] + "\n# two\n" + GUEST.extra_ca[0].replace("MII", "MIJ")
    names = ids(steps_of("base", replace(GUEST, extra_ca=(bundle,))))
    assert len([name for name in names if "ca-certificates/" in name]) == 2


def test_a_variable_of_the_environment_cannot_break_out_of_its_line() -> None:
    steps = steps_of("base", environment={"GREETING": "$(id) `id` 'it' \"is\""})
    script = content(steps, "/etc/nopal/environment.sh")
    assert "export GREETING='$(id) `id` '\"'\"'it'\"'\"' \"is\"'\n" in script


@pytest.mark.parametrize("name", ["A B", "A=1", "1A", "A;id", ""])
def test_a_name_that_is_no_variable_is_refused(name: str) -> None:
    with pytest.raises(WrongOption, match="no name of an environment variable"):
        steps_of("base", environment={name: "x"})


def test_a_value_with_a_newline_is_refused() -> None:
    with pytest.raises(WrongOption, match="control character"):
        steps_of("base", environment={"A": "x\nB=y"})


@pytest.mark.parametrize("path", ["~/AGENTS.md", "~/CLAUDE.md"])
def test_the_memory_file_says_what_is_shared(path: str) -> None:
    assert "No folder of the host is mounted." in content(steps_of("base", PLAIN), path)
    assert "`/work/shared folder`" in content(steps_of("base", GUEST), path)


def test_the_memory_file_is_a_block_in_a_file_of_the_persons() -> None:
    [step] = [step for step in steps_of("base") if step.id == "block:~/AGENTS.md#nopal"]
    assert isinstance(step, Block)
    assert step.begin.startswith("<!-- ")


# docker


def test_docker_comes_from_the_distribution_under_the_names_it_has_there() -> None:
    assert ids(steps_of("docker"))[:4] == [
        "apt:docker.io",
        "apt:docker-cli",
        "apt:docker-buildx",
        "apt:docker-compose",
    ]
    assert ids(steps_of("docker", replace(GUEST, distribution="ubuntu")))[:3] == [
        "apt:docker.io",
        "apt:docker-buildx",
        "apt:docker-compose-v2",
    ]


def test_dockers_own_repository_is_an_option_and_its_key_is_pinned() -> None:
    steps = steps_of("docker", source="docker")
    assert ids(steps)[:2] == ["apt-repository:docker", "apt:docker-ce"]
    assert "9DC858229FC7DD38854AE2D88D81803C0EBFCD88" in repr(steps[0])


def test_the_user_may_use_docker() -> None:
    assert "member:ann:docker" in ids(steps_of("docker", replace(GUEST, user="ann")))


def test_an_unknown_source_of_docker_is_refused_with_the_known_ones() -> None:
    with pytest.raises(WrongOption) as caught:
        steps_of("docker", source="snap")
    assert caught.value.key == "source"


# node, gh


def official(steps: tuple[Step, ...]) -> Archive:
    """The tarball, whether it has alternatives or not."""
    for step in steps:
        for each in step.steps if isinstance(step, FirstOf) else (step,):
            if isinstance(each, Archive):
                return each
    raise AssertionError(steps)


@pytest.mark.parametrize(
    ("machine", "node", "gh"),
    [
        ("x86_64", "linux-x64.tar.xz", "linux_amd64.tar.gz"),
        ("aarch64", "linux-arm64.tar.xz", "linux_arm64.tar.gz"),
    ],
)
def test_node_and_gh_are_official_for_each_architecture(machine: str, node: str, gh: str) -> None:
    guest = replace(GUEST, machine=machine)
    assert official(steps_of("node", guest)).url.endswith(node)
    assert official(steps_of("gh", guest)).url.endswith(gh)


def test_the_architectures_have_checksums_of_their_own() -> None:
    other = replace(GUEST, machine="aarch64")
    for name in ("node", "gh"):
        digests = {official(steps_of(name, guest)).sha256 for guest in (GUEST, other)}
        assert len(digests) == 2


@pytest.mark.parametrize("name", ["node", "gh"])
def test_where_the_official_source_is_out_of_reach_there_is_another(name: str) -> None:
    assert f"first-of:{name}" in ids(steps_of(name))


@pytest.mark.parametrize("name", ["node", "gh"])
def test_who_asks_for_a_version_gets_that_one_or_an_error(name: str) -> None:
    steps = steps_of(name, version="30.1.2", sha256="a" * 64)
    assert f"first-of:{name}" not in ids(steps)
    assert "30.1.2" in official(steps).url


@pytest.mark.parametrize("name", ["node", "gh"])
def test_another_version_needs_its_checksum(name: str) -> None:
    with pytest.raises(WrongOption, match="needs `sha256`"):
        steps_of(name, version="30.1.2")


@pytest.mark.parametrize("name", ["node", "gh"])
@pytest.mark.parametrize("version", ["24", "latest", "24.1.0/../..", "24.1.0 "])
def test_a_version_is_exact(name: str, version: str) -> None:
    with pytest.raises(WrongOption, match="is exact"):
        steps_of(name, version=version, sha256="a" * 64)


def test_the_mirror_of_node_is_an_option() -> None:
    steps = steps_of("node", mirror="https://mirror.example.com/node/")
    assert official(steps).url.startswith("https://mirror.example.com/node/v24.")


def test_a_mirror_without_encryption_is_refused() -> None:
    with pytest.raises(WrongOption, match="begins with https://"):
        steps_of("node", mirror="http://mirror.example.com")


# claude, codex


def test_claude_trusts_every_folder_in_which_it_may_start() -> None:
    state = merged(steps_of("claude"), "~/.claude.json")
    assert isinstance(state["projects"], dict)
    assert {
        folder: values["hasTrustDialogAccepted"] for folder, values in state["projects"].items()
    } == {
        "/home/dev/code": True,
        "/home/dev/code/blog": True,
        "/home/dev/code/x": True,
        "/work/shared folder": True,
    }


def test_claude_asks_no_first_run_question() -> None:
    state = merged(steps_of("claude"), "~/.claude.json")
    assert state["hasCompletedOnboarding"] is True
    assert state["hasSeenAutoDefaultNudge"] is True


def test_servers_and_imports_of_a_repo_are_not_asked_about() -> None:
    settings = merged(steps_of("claude"), "~/.claude/settings.json")
    assert settings["enableAllProjectMcpServers"] == Default(value=True)
    projects = merged(steps_of("claude"), "~/.claude.json")["projects"]
    assert isinstance(projects, dict)
    blog = projects["/home/dev/code/blog"]
    assert blog["hasClaudeMdExternalIncludesWarningShown"] == Default(value=True)


@pytest.mark.parametrize(
    ("autonomy", "mode", "skips"),
    [("auto", "auto", None), ("full", "bypassPermissions", True), ("ask", "default", None)],
)
def test_claudes_permission_mode_is_the_autonomy_of_the_project(
    autonomy: Autonomy, mode: str, skips: bool | None
) -> None:
    guest = replace(GUEST, autonomy=autonomy)
    settings = merged(steps_of("claude", guest), "~/.claude/settings.json")
    assert settings["permissions"] == {"defaultMode": mode}
    assert settings.get("skipDangerousModePermissionPrompt") is skips


def test_further_settings_of_claude_are_merged_with_nopals() -> None:
    steps = steps_of("claude", settings={"model": "opus", "permissions": {"deny": ["WebFetch"]}})
    settings = merged(steps, "~/.claude/settings.json")
    assert settings["model"] == "opus"
    assert settings["permissions"] == {"defaultMode": "auto", "deny": ["WebFetch"]}


def test_the_agents_are_pinned_and_the_pin_is_an_option() -> None:
    for name, package in (("claude", "@anthropic-ai/claude-code"), ("codex", "@openai/codex")):
        default, chosen = steps_of(name)[0], steps_of(name, version="9.9.9")[0]
        assert default.id == f"npm:{package}"
        assert "version=''" not in repr(default)
        assert "9.9.9" in repr(chosen)


def test_claudes_native_program_is_installed_where_npm_ran_no_script() -> None:
    [command] = [step for step in steps_of("claude") if isinstance(step, Command)]
    assert "install.cjs" in command.script
    assert command.unless


@pytest.mark.parametrize(
    ("autonomy", "approval", "sandbox"),
    [
        ("auto", "never", "danger-full-access"),
        ("full", "never", "danger-full-access"),
        ("ask", "on-request", "workspace-write"),
    ],
)
def test_codex_policy_is_the_autonomy_of_the_project(
    autonomy: Autonomy, approval: str, sandbox: str
) -> None:
    text = content(steps_of("codex", replace(GUEST, autonomy=autonomy)), "/etc/codex/config.toml")
    assert f'approval_policy = "{approval}"\nsandbox_mode = "{sandbox}"\n' in text


def test_codex_trusts_folders_whatever_their_names() -> None:
    toml = pytest.importorskip("tomllib")
    odd = '~/code/"] \\ ü \x7f🙂\n'
    guest = replace(GUEST, repos=(Repo("ssh://h/x", odd),))
    read = toml.loads(content(steps_of("codex", guest), "/etc/codex/config.toml"))
    assert read["projects"][guest.absolute(odd)] == {"trust_level": "trusted"}
    assert read["features"] == {"daemon_auto_start": False}


def test_no_profile_writes_a_credential() -> None:
    written = " ".join(getattr(step, "path", "") for step in everything(GUEST))
    assert not re.search(r"auth\.json|credentials|hosts\.yml|id_|\.netrc", written)


# repos


def test_each_repo_is_cloned_to_its_folder_on_its_branch() -> None:
    first, second = steps_of("repos")
    assert (first.id, second.id) == ("git-clone:~/code/blog", "git-clone:~/code/x")
    assert "branch='v2'" in repr(second)


@pytest.mark.parametrize("url", ["--upload-pack=id", "-x"])
def test_a_url_that_reads_as_an_option_is_refused(url: str) -> None:
    with pytest.raises(ProfileError):
        steps_of("repos", replace(GUEST, repos=(Repo(url, "~/code/x"),)))
