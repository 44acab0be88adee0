"""Access to repos, asked of a real sshd with a real agent."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from guard_fixtures import Sshd, make_key, make_repo, run, ssh_agent, sshd

from guard.repo_access import AccessCheck, RepoAccess, check_access, known_hosts_for
from guard.repo_fault import RepoFault
from guard.repo_url import parse_repo_url
from guard.ssh_agent import list_keys


@dataclass(frozen=True)
class World:
    """A home, an agent with one key, and a server with repos that knows that key."""

    check: AccessCheck
    server: Sshd

    def ask(self, *repos: tuple[str, str], check: AccessCheck | None = None) -> list[str]:
        pairs = [(parse_repo_url(url), branch) for url, branch in repos]
        return [
            one.fault.kind
            for one in check_access(pairs, check or self.check)
            if one.fault is not None
        ]


def only_fault(answers: Sequence[RepoAccess]) -> RepoFault:
    (answer,) = answers
    assert answer.fault is not None
    return answer.fault


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("access")
    home = root / "ho me%h"
    key = make_key(home, "work")
    make_repo(root / "server" / "blog.git")
    run("git", "init", "-q", "--bare", root / "server" / "empty.git")
    with ssh_agent(home / "work") as agent, sshd(root / "server", key) as server:
        (home / ".ssh").mkdir()
        (home / ".ssh/known_hosts").write_text(server.known_hosts_line())
        environ = {"PATH": os.environ["PATH"]}
        yield World(AccessCheck(environ, home, agent, timeout_s=10), server)


def test_repos_that_the_agents_key_may_read_have_no_fault(world: World) -> None:
    url = world.server.url("blog.git")
    assert world.ask((url, ""), (url, "main")) == []


def test_the_key_that_reaches_a_repo_is_named_among_others(world: World, tmp_path: Path) -> None:
    key = make_key(tmp_path, "stranger")
    (work,) = list_keys(world.check.agent_socket or tmp_path)
    urls = [(parse_repo_url(world.server.url(name)), "") for name in ("blog.git", "typo.git")]
    with ssh_agent(tmp_path / "stranger", world.check.home / "work") as agent:
        found, lost = check_access(urls, replace(world.check, agent_socket=agent))
    assert (found.key, found.fault) == (work.fingerprint, None)
    assert found.key != key.fingerprint
    assert lost.fault is not None
    assert "debug1" not in str(lost.fault)


def test_an_empty_repo_is_reachable(world: World) -> None:
    assert world.ask((world.server.url("empty.git"), "")) == []


def test_every_fault_is_found_at_once_in_the_repos_order(world: World) -> None:
    url = world.server.url
    good = url("blog.git")
    asked = ((url("typo.git"), ""), (good, "absent"), (good, ""), (url("empty.git"), "x"))
    assert world.ask(*asked) == ["no such repo", "no such branch", "no such branch"]


def test_a_key_that_is_only_a_file_is_no_access_since_no_guest_has_it(
    world: World, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/known_hosts").write_text(world.server.known_hosts_line())
    (home / ".ssh/id_ed25519").write_bytes((world.check.home / "work").read_bytes())
    (home / ".ssh/id_ed25519").chmod(0o600)
    check = replace(world.check, home=home, agent_socket=None)
    url = parse_repo_url(world.server.url("blog.git"))
    fault = only_fault(check_access([(url, "")], check))
    assert (fault.kind, "there is no ssh-agent" in str(fault)) == ("login refused", True)


def test_an_unknown_host_is_a_fault_that_names_the_command_and_no_question(
    world: World, tmp_path: Path
) -> None:
    url = parse_repo_url(world.server.url("blog.git"))
    fault = only_fault(check_access([(url, "")], replace(world.check, home=tmp_path)))
    assert fault.kind == "unknown host key"
    assert f"ssh -p {world.server.port} " in str(fault)
    assert str(fault).count("\n") <= 2
    assert not (tmp_path / ".ssh").exists()


def test_a_changed_host_key_is_refused(world: World, tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    (tmp_path / ".ssh").mkdir()
    line = f"[127.0.0.1]:{world.server.port} {other.line}\n"
    (tmp_path / ".ssh/known_hosts").write_text(line)
    check = replace(world.check, home=tmp_path)
    assert world.ask((world.server.url("blog.git"), ""), check=check) == ["changed host key"]


def test_a_forges_key_is_pinned_whatever_the_persons_file_says(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_text(world.server.known_hosts_line("github.com"))
    aliases = {"github.com": "127.0.0.1"}
    check = replace(world.check, home=tmp_path, host_aliases=aliases)
    url = world.server.url("blog.git").replace("127.0.0.1", "github.com")
    assert world.ask((url.replace(f":{world.server.port}", ""), ""), check=check) != []
    (tmp_path / ".ssh/known_hosts").write_text(
        world.server.known_hosts_line(f"[github.com]:{world.server.port}")
    )
    assert world.ask((url, ""), check=check) == ["unknown host key"]


@pytest.mark.parametrize("known_as", ["192.168.5.2", "127.0.0.1"])
def test_a_guests_name_for_its_host_is_asked_at_the_hosts_own_address(
    world: World, tmp_path: Path, known_as: str
) -> None:
    (tmp_path / ".ssh").mkdir()
    port = world.server.port
    (tmp_path / ".ssh/known_hosts").write_text(
        world.server.known_hosts_line(f"[{known_as}]:{port}")
    )
    check = replace(world.check, home=tmp_path, host_aliases={"192.168.5.2": "127.0.0.1"})
    url = world.server.url("blog.git").replace("127.0.0.1", "192.168.5.2")
    assert world.ask((url, ""), check=check) == []
    guests = world.server.known_hosts_line(f"[192.168.5.2]:{port}")
    assert known_hosts_for([parse_repo_url(url)], check) == guests


def test_an_unknown_key_of_this_host_comes_with_a_command_that_works_here(
    world: World, tmp_path: Path
) -> None:
    check = replace(world.check, home=tmp_path, host_aliases={"192.168.5.2": "127.0.0.1"})
    url = world.server.url("blog.git").replace("127.0.0.1", "192.168.5.2")
    fault = only_fault(check_access([(parse_repo_url(url), "")], check))
    assert fault.kind == "unknown host key"
    assert "@127.0.0.1`" in fault.fix


def test_keys_that_the_person_trusts_are_found_under_hashed_names_too(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / ".ssh").mkdir()
    file = tmp_path / ".ssh/known_hosts"
    file.write_text(world.server.known_hosts_line())
    run("ssh-keygen", "-q", "-H", "-f", file)
    assert file.read_text().startswith("|1|")
    url = parse_repo_url(world.server.url("blog.git"))
    forge = parse_repo_url("git@github.com:a/b")
    check = replace(world.check, home=tmp_path)
    assert known_hosts_for([url, url, forge], check) == world.server.known_hosts_line()


def test_a_server_that_says_nothing_is_given_up_with_its_whole_process_group(
    world: World,
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        check = replace(world.check, timeout_s=1.5)
        kinds = world.ask((f"ssh://git@127.0.0.1:{port}/x/y.git", ""), check=check)
        assert kinds in (["timed out"], ["unreachable"])
        look = ["pgrep", "-f", f"127.0.0.1.*{port}"]
        left = subprocess.run(look, capture_output=True, check=False)
        assert left.stdout == b""


def test_the_persons_rewriting_and_helpers_do_not_answer_for_the_guest(
    world: World, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_text(world.server.known_hosts_line())
    (tmp_path / ".gitconfig").write_text(
        f'[url "ext::touch {marker}"]\n\tinsteadOf = ssh://\n'
        f"[core]\n\tsshCommand = touch {marker};ssh\n"
    )
    check = replace(world.check, home=tmp_path)
    assert world.ask((world.server.url("blog.git"), ""), check=check) == []
    assert not marker.exists()


def test_without_git_the_fault_says_so(world: World, tmp_path: Path) -> None:
    check = replace(world.check, environ={"PATH": str(tmp_path)})
    assert world.ask((world.server.url("blog.git"), ""), check=check) == ["no git"]
