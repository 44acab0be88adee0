from __future__ import annotations

from pathlib import Path

from nopal.fetching import Branch, FetchFailed, Fetching, fetch_command, refspec, told


def test_only_branches_cross_and_only_below_the_remote() -> None:
    command = fetch_command("nopal-blog")
    assert command[-3:] == ["--", "nopal-blog", "+refs/heads/*:refs/remotes/nopal-blog/*"]
    assert {"--no-tags", "--refmap=", "--no-recurse-submodules", "--no-auto-gc"} < set(command)
    assert refspec("nopal-a.b") == "+refs/heads/*:refs/remotes/nopal-a.b/*"


def test_git_gets_nothing_but_ssh_and_no_variable_of_its_own() -> None:
    environ = {"PATH": "/bin", "GIT_DIR": "/elsewhere", "GIT_SSH_COMMAND": "evil", "HOME": "/h"}
    place = Path("/n/it's here/config")
    seen = Fetching(Path("/r"), "nopal-blog", "nopal-blog:/x", place, environ).environment
    assert "GIT_DIR" not in seen
    assert seen["GIT_SSH_COMMAND"] == "ssh -F '/n/it'\"'\"'s here/config'"
    assert seen["GIT_ALLOW_PROTOCOL"] == "ssh"
    assert seen["HOME"] == "/h"


def test_a_person_is_told_what_is_new_and_how_it_is_read() -> None:
    lines = told(
        "nopal-blog",
        [Branch("gone", "1" * 40, ""), Branch("main", "2" * 40, "3" * 40)],
    )
    assert lines == (
        "nopal-blog/gone is gone",
        "nopal-blog/main moved to 333333333333",
        "read it: git log -p 222222222222..nopal-blog/main",
    )
    assert told("nopal-blog", []) == ("nothing new",)
    odd = told("nopal-blog", [Branch("a;reboot", "", "4" * 40)])
    assert odd[-1] == "read it: git log -p HEAD..'nopal-blog/a;reboot'"


def test_many_branches_are_not_all_shown() -> None:
    lines = told("nopal-blog", [Branch(f"b{number}", "", "1" * 40) for number in range(100)])
    assert "… and 70 more branches" in lines


def test_what_git_said_of_a_refusal_is_shown_without_control_characters() -> None:
    shown = str(FetchFailed("blog", "one\nremote: \x1b[2Jtwo\n"))
    assert "remote: [2Jtwo" in shown
    assert "\x1b" not in shown
