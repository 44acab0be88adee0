from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import Desk

from guard.keys.policy import KeyPolicy, Rate
from guard.repo_url import parse_repo_url
from nopal.key_facts import server_parts
from nopal.key_notes import key_notes
from nopal.key_policy import KeyFacts, key_policy, own_servers

WORK, HOME, LOGIN, SIGN = (f"SHA256:{letter * 43}" for letter in "WHLS")
HOST_KEYS = {"github.com": ("ssh-ed25519 AAAA",), "[git.example.org]:2222": ("ssh-ed25519 BBBB",)}
FACTS = KeyFacts(
    signing=HOME, reaching=(WORK,), host_keys=HOST_KEYS, owner_uid=7, upstream=("/agent",)
)
REPOS = 'repos = ["git@github.com:me/a.git", "ssh://ann@git.example.org:2222/b.git"]\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def policy(desk: Desk, text: str = "", facts: KeyFacts = FACTS, keys: str = "") -> KeyPolicy:
    found = maybe(
        desk, f"[projects.blog]\n{text or REPOS}{keys and '[projects.blog.keys]'}\n{keys}\n", facts
    )
    assert found is not None
    return found


def maybe(desk: Desk, text: str, facts: KeyFacts = FACTS) -> KeyPolicy | None:
    project = desk.write_person(text).load("blog")
    return key_policy(project, [parse_repo_url(repo.url) for repo in project.repos], facts)


def test_a_machine_signs_for_git_and_reaches_the_servers_of_its_own_repos(desk: Desk) -> None:
    found = policy(desk)
    assert found.exposed == (HOME, WORK)
    assert (found.sign_with, found.login_with) == ((HOME,), (WORK,))
    assert found.sign == {"git": "allow"}
    assert found.login == {"github.com": "allow", "[git.example.org]:2222": "allow"}
    assert found.users == {"github.com": ("git",), "[git.example.org]:2222": ("ann",)}
    assert found.host_keys == HOST_KEYS
    assert (found.unbound, found.hostbound, found.owner_uid) == ("deny", (), 7)
    assert found.upstream == ("/agent",)


def test_repos_by_https_need_no_login(desk: Desk) -> None:
    found = policy(desk, 'repos = ["https://github.com/me/a.git"]\n')
    assert (found.login, found.users, found.host_keys) == ({}, {}, {})


def test_without_a_signing_key_nothing_is_signed(desk: Desk) -> None:
    facts = KeyFacts(reaching=(WORK,))
    assert policy(desk, facts=facts).sign == {}
    assert policy(desk, facts=facts).exposed == (WORK,)


def test_a_deploy_key_is_all_that_the_machine_sees_beside_its_own_signing_key(desk: Desk) -> None:
    facts = KeyFacts(signing=HOME, reaching=(WORK,), own_login=LOGIN, own_signing=SIGN)
    found = policy(desk, facts=facts, keys='expose = "deploy"')
    assert found.exposed == (SIGN, LOGIN)
    assert (found.sign_with, found.login_with) == ((SIGN,), (LOGIN,))


def test_a_signing_key_of_its_own_leaves_the_person_s_for_logins_alone(desk: Desk) -> None:
    facts = KeyFacts(signing=HOME, reaching=(WORK,), own_signing=SIGN)
    found = policy(desk, facts=facts, keys='signing = "project"')
    assert (found.exposed, found.sign_with, found.login_with) == ((SIGN, WORK), (SIGN,), (WORK,))


def test_keys_that_the_person_lists_are_for_both(desk: Desk) -> None:
    found = policy(desk, keys='expose = ["work@laptop"]')
    assert found.exposed == ("work@laptop",)
    assert (found.sign_with, found.login_with, found.sign) == (None, None, {"git": "allow"})


def test_hosts_that_the_person_lists_take_the_place_of_the_repos(desk: Desk) -> None:
    keys = (
        'login = {"github.com" = "ask", "prod.example.org" = "allow"}\n'
        'users = {"prod.example.org" = ["deploy"]}\nhostbound = ["prod.example.org"]\n'
    )
    found = policy(desk, keys=keys)
    assert found.login == {"github.com": "ask", "prod.example.org": "allow"}
    assert found.users == {"github.com": ("git",), "prod.example.org": ("deploy",)}
    assert found.hostbound == ("prod.example.org",)
    assert found.host_keys == {"github.com": HOST_KEYS["github.com"]}


def test_nobody_is_let_in_as_any_user(desk: Desk) -> None:
    found = policy(desk, keys='login = {"other.example.org" = "allow"}')
    assert found.users == {"other.example.org": ("git",)}


def test_rates_and_times_are_handed_on(desk: Desk) -> None:
    found = policy(desk, keys='rate = {ask = "1/2m"}\nremember = "1h"\nunbound = "ask"')
    assert (found.rates.ask, found.rates.sign) == (Rate(1, 120), Rate(60, 600))
    assert (found.remember_s, found.unbound) == (3600, "ask")


def test_a_machine_that_is_never_to_use_a_key_has_no_policy(desk: Desk) -> None:
    assert maybe(desk, f'[projects.blog]\n{REPOS}[projects.blog.keys]\nwhile = "never"\n') is None


@pytest.mark.parametrize(
    ("origin", "opened"),
    [
        ("git@github.com:me/blog.git", {"github.com": "allow"}),
        ("https://github.com/me/blog.git", {}),
        ("/srv/blog.git", {}),
        ("", {}),
    ],
)
def test_a_repos_file_opens_no_login_but_those_of_its_origin(
    desk: Desk, origin: str, opened: dict[str, str]
) -> None:
    others = ("root@github.com:x.git", "git@gitlab.com:you/private.git", "git@github.com:me/b.git")
    desk.write_repo(f'name = "blog"\nrepos = {[*others]}\n'.replace("'", '"'))
    project = desk.load(origin=origin)
    urls = [parse_repo_url(repo.url) for repo in project.repos]
    found = key_policy(project, urls, FACTS)
    assert found is not None
    assert found.login == opened
    assert found.users == dict.fromkeys(opened, ("git",))
    notes = "".join(key_notes(project, urls, found))
    assert "github.com as root" in notes
    assert "gitlab.com as git" in notes
    assert ("github.com as git" in notes) == (not opened)


def test_what_the_persons_file_lists_is_theirs_wherever_it_is(desk: Desk) -> None:
    desk.write_repo('name = "blog"\n')
    project = desk.write_person(f"[projects.blog]\n{REPOS}").load("blog")
    urls = [parse_repo_url(repo.url) for repo in project.repos]
    assert {server.user for server in own_servers(project, urls)} == {"git", "ann"}


def test_a_host_whose_key_is_not_known_is_told(desk: Desk) -> None:
    project = desk.write_person(f"[projects.blog]\n{REPOS}").load("blog")
    urls = [parse_repo_url(repo.url) for repo in project.repos]
    facts = KeyFacts(host_keys={"github.com": ("ssh-ed25519 AAAA",), "[git.example.org]:2222": ()})
    (note,) = key_notes(project, urls, key_policy(project, urls, facts))
    assert "[git.example.org]:2222" in note


@pytest.mark.parametrize(
    ("name", "parts"),
    [("github.com", ("github.com", 22)), ("[h]:2222", ("h", 2222)), ("[::1]:2", ("::1", 2))],
)
def test_a_servers_name_is_taken_apart(name: str, parts: tuple[str, int]) -> None:
    assert server_parts(name) == parts
