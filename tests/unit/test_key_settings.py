from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import Desk

from nopal.errors import PersonOnlyKey, ProjectTakenOver, UnknownKey, WrongValue
from nopal.key_settings import Rate, span
from nopal.key_values import server_name
from nopal.show_config import rows

FINGERPRINT = "SHA256:" + "A" * 43


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_without_a_word_git_is_signed_and_only_the_repos_hosts_are_reached(desk: Desk) -> None:
    keys = desk.write_person("[projects.blog]\n").load("blog").keys
    assert (keys.expose, keys.login, dict(keys.sign)) == ("auto", "auto", {"git": "allow"})
    assert (keys.unbound, keys.while_, keys.signing) == ("deny", "always", "person")
    assert (keys.rate["sign"], keys.rate["ask"]) == (Rate(60, 600), Rate(5, 600))


def test_every_setting_is_read(desk: Desk) -> None:
    keys = (
        desk.write_person(
            f"""
[projects.blog.keys]
expose = ["{FINGERPRINT}=", "work@laptop"]
signing = "project"
agent = "~/agent.sock"
sign = {{git = "ask", file = "allow"}}
login = {{"GitHub.com" = "allow", "git.example.org:2222" = "ask", "[2001:db8::1]:22" = "deny"}}
users = {{"git.example.org:2222" = ["ann", "git", "ann"]}}
hostbound = ["git.example.org:2222"]
unbound = "ask"
rate = {{sign = "3/1h", ask = "1/30s"}}
remember = "90s"
while = "connected"
"""
        )
        .load("blog")
        .keys
    )
    assert keys.expose == (FINGERPRINT, "work@laptop")
    assert (keys.signing, keys.agent) == ("project", str(desk.paths.user_home / "agent.sock"))
    assert keys.sign == {"git": "ask", "file": "allow"}
    assert keys.login == {
        "github.com": "allow",
        "[git.example.org]:2222": "ask",
        "2001:db8::1": "deny",
    }
    assert keys.users == {"[git.example.org]:2222": ("ann", "git")}
    assert keys.hostbound == ("[git.example.org]:2222",)
    assert (keys.unbound, keys.remember_s, keys.while_) == ("ask", 90, "connected")
    assert keys.rate == {"sign": Rate(3, 3600), "login": Rate(60, 600), "ask": Rate(1, 30)}


def test_one_word_asks_for_a_key_pair_of_the_projects_own(desk: Desk) -> None:
    assert desk.write_person("[projects.blog]\nkeys = 'deploy'\n").load("blog").keys.expose == (
        "deploy"
    )


def test_a_project_says_only_what_differs_from_the_defaults(desk: Desk) -> None:
    desk.write_person(
        "[defaults.keys]\nunbound = 'ask'\nsign = {git = 'ask'}\nrate = {ask = '9/1m'}\n"
        "[projects.blog.keys]\nsign = {file = 'ask'}\nrate = {sign = '1/1m'}\n"
    )
    keys = desk.load("blog").keys
    assert (keys.unbound, keys.sign) == ("ask", {"file": "ask"})
    assert (keys.rate["ask"], keys.rate["sign"]) == (Rate(9, 60), Rate(1, 60))


def test_config_shows_every_setting_and_where_it_stands(desk: Desk) -> None:
    desk.write_person('[projects.blog.keys]\nlogin = {"github.com" = "ask"}\nwhile = "never"\n')
    shown = {row.key: (row.value, row.origin) for row in rows(desk.load("blog"))}
    assert shown["keys.login"] == ('{"github.com" = "ask"}', f"{desk.person_file}:2")
    assert shown["keys.while"] == ("never", f"{desk.person_file}:3")
    assert shown["keys.remember"] == ("15m", "built-in")
    assert shown["keys.rate.sign"] == ("60/10m", "built-in")


def test_a_repo_cannot_say_which_keys_its_machine_gets(desk: Desk) -> None:
    (fault,) = desk.write_repo('name = "blog"\nkeys = "deploy"\n').faults()
    assert isinstance(fault, PersonOnlyKey)
    assert "projects.blog" in str(fault)


def test_a_repo_cannot_take_the_name_of_a_project_whose_keys_are_settled(desk: Desk) -> None:
    desk.write_person('[projects.blog.keys]\nlogin = {"prod.example.org" = "allow"}\n')
    desk.write_repo('name = "blog"\n')
    with pytest.raises(ProjectTakenOver):
        desk.load()


@pytest.mark.parametrize(
    ("line", "key", "found"),
    [
        ("expose = 'all'", "expose", '"all"'),
        ("expose = ['SHA256:short']", "expose[0]", '"SHA256:short"'),
        ("expose = ['']", "expose[0]", '""'),
        ("expose = 3", "expose", "3"),
        ("signing = 'mine'", "signing", '"mine"'),
        ("agent = 'bitwarden'", "agent", '"bitwarden"'),
        ("sign = {git = 'alow'}", "sign.git", '"alow"'),
        ("sign = {git = true}", "sign", "a table"),
        ("sign = {'a b' = 'allow'}", "sign", '"a b"'),
        ("login = 'all'", "login", '"all"'),
        ("login = {'*.example.org' = 'allow'}", 'login."*.example.org"', '"*.example.org"'),
        ("login = {'github.com' = 'yes'}", 'login."github.com"', '"yes"'),
        ("users = {'github.com' = ['*']}", 'users."github.com"[0]', '"*"'),
        ("users = {'github.com' = 'git'}", "users", "a table"),
        ("hostbound = ['ok.org', 'h:0']", "hostbound[1]", '"h:0"'),
        ("unbound = 'never'", "unbound", '"never"'),
        ("rate = {sign = '60'}", "rate.sign", '"60"'),
        ("rate = {ask = '1/48h'}", "rate.ask", '"1/48h"'),
        ("rate = '60/10m'", "rate", '"60/10m"'),
        ("remember = '15'", "remember", '"15"'),
        ("remember = 15", "remember", "15"),
        ("while = 'always '", "while", '"always "'),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    desk: Desk, line: str, key: str, found: str
) -> None:
    (fault,) = desk.write_person(f"[projects.blog.keys]\n{line}\n").faults("blog")
    assert isinstance(fault, WrongValue)
    assert (fault.key, fault.found) == (f"projects.blog.keys.{key}", found)
    assert fault.allowed
    assert fault.place.line == 2


def test_a_wrong_word_gets_the_nearest_right_one(desk: Desk) -> None:
    faults = desk.write_person(
        "[projects.blog.keys]\nsign = {git = 'alow'}\n[projects.web.keys]\nwhile = 'alway'\n"
    ).faults("blog")
    assert [getattr(fault, "nearest", "") for fault in faults] == ["allow", "always"]


def test_an_unknown_setting_gets_the_nearest_right_one(desk: Desk) -> None:
    (fault,) = desk.write_person("[projects.blog.keys]\nwhilst = 'always'\n").faults("blog")
    assert isinstance(fault, UnknownKey)
    assert (fault.key, fault.nearest) == ("projects.blog.keys.whilst", "while")


def test_keys_are_a_table_or_one_word(desk: Desk) -> None:
    (fault,) = desk.write_person("[projects.blog]\nkeys = 'all'\n").faults("blog")
    assert isinstance(fault, WrongValue)
    assert '"deploy"' in fault.allowed


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("github.com", "github.com"),
        ("GitHub.com:22", "github.com"),
        ("h:2222", "[h]:2222"),
        ("[h]:2222", "[h]:2222"),
        ("[h]:22", "h"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:22", "2001:db8::1"),
        ("h:70000", None),
        ("h:", None),
        ("*", None),
        ("!h", None),
        ("a,b", None),
        ("-h", None),
        ("", None),
        ("h\n", None),
    ],
)
def test_servers_have_the_names_of_known_hosts(text: str, name: str | None) -> None:
    assert server_name(text) == name


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "90s"), (900, "15m"), (7200, "2h")])
def test_a_time_is_shown_in_its_largest_unit(seconds: int, text: str) -> None:
    assert span(seconds) == text
