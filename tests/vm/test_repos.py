"""What profiles do with the project's repos and the person's dotfiles, on a real machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import guard_fixtures
import pytest
from person import Person

pytestmark = pytest.mark.timeout(3600)

NAME = "site"
ALPHA = {
    "package.json": """\
{
  "name": "alpha",
  "version": "1.0.0",
  "private": true,
  "scripts": {"postinstall": "echo agent: $SSH_AUTH_SOCK > .agents"}
}
""",
    "package-lock.json": """\
{
  "name": "alpha",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {"": {"name": "alpha", "version": "1.0.0", "hasInstallScript": true}}
}
""",
    ".gitignore": ".agents\n",
}
DOTS = {"install.sh": "#!/bin/sh\necho 'alias site=true' >> ~/.bash_aliases\n"}


@dataclass(frozen=True)
class Site:
    """A machine with a repo and dotfiles in it."""

    person: Person
    up: str

    def run(self, command: str) -> str:
        return self.person.inv("run", command, "-p", NAME).out.strip()


@pytest.fixture(scope="module")
def site(place: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        keys = place / "keys of lea"
        keys.mkdir(mode=0o700)
        key = guard_fixtures.make_key(keys, "work", comment="lea@laptop")
        agent = stack.enter_context(guard_fixtures.ssh_agent(keys / "work"))
        server = stack.enter_context(guard_fixtures.sshd(place / "site", key))
        for name, files in (("alpha", ALPHA), ("dots", DOTS)):
            guard_fixtures.make_repo(server.root / f"{name}.git", files=files)
        person = Person(place / "lea", {"SSH_AUTH_SOCK": str(agent)})
        (person.home / ".ssh").mkdir(parents=True, mode=0o700)
        (person.home / ".ssh/known_hosts").write_text(server.known_hosts_line())
        url = server.url("").replace("127.0.0.1", "192.168.5.2")
        person.projects_file.parent.mkdir(parents=True)
        # The size and the profiles of the main job, whose golden machine will do.
        person.projects_file.write_text(
            f"""
[projects.{NAME}]
cpus = 2
memory = "4GiB"
disk = "16GiB"
ports = "none"
signing = false
profiles = ["docker", "node", "claude", "codex", "gh", "git", "dotfiles", "devcontainer"]
repos = ["{url}alpha.git"]

[projects.{NAME}.options.dotfiles]
repo = "{url}dots.git"
install = "sh install.sh"

[projects.{NAME}.options.devcontainer]
post_create = ["test -e .agents && echo built > .git/built"]
"""
        )
        told = person.inv("up", "--yes", f"--project={NAME}")
        yield Site(person, told.err)
        person.inv("destroy", "--yes", "-p", NAME, status=None)


def test_dependencies_of_a_lock_file_are_installed_without_the_agent(site: Site) -> None:
    assert site.run("cat ~/code/alpha/.agents") == "agent:"
    assert site.run("git -C ~/code/alpha status --porcelain") == ""


def test_the_commands_of_a_devcontainer_follow_them(site: Site) -> None:
    assert site.run("cat ~/code/alpha/.git/built") == "built"


def test_dotfiles_are_cloned_and_installed_once(site: Site) -> None:
    assert site.run("cat ~/.bash_aliases") == "alias site=true"
    for profile in ("dotfiles", "deps", "devcontainer"):
        assert site.person.inv(f"{profile}.verify", "-p", NAME).out == ""


def test_nothing_of_it_is_done_twice(site: Site) -> None:
    told = site.person.inv("up", "-p", NAME)
    assert re.search(r"site: up: (\d+) steps: \1 ok; 1 exec\n", told.err), told.err
    assert site.run("cat ~/.bash_aliases") == "alias site=true"


def test_update_tells_what_moved(site: Site) -> None:
    told = site.person.inv("update", "--only=claude", "-p", NAME)
    assert "nothing moved" in told.out + told.err
