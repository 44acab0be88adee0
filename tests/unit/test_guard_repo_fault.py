"""What forges and OpenSSH say, and what it is taken for."""

from __future__ import annotations

import pytest

from guard.command import TIMED_OUT, Completed
from guard.repo_fault import RepoFault, read_fault
from guard.repo_url import parse_repo_url

CLOSING = (
    "fatal: Could not read from remote repository.\n\n"
    "Please make sure you have the correct access rights\nand the repository exists.\n"
)
GITLAB = (
    "remote: \nremote: ========================================================================\n"
    "remote: \nremote: ERROR: The project you were looking for could not be found or you don't "
    "have permission to view it.\nremote: \n"
    "remote: ========================================================================\nremote: \n"
)


def fault(stderr: str, url: str = "git@github.com:a/b.git", status: int = 128) -> RepoFault:
    return read_fault(
        parse_repo_url(url),
        Completed(status, "", stderr),
        server="github.com",
        has_agent=True,
        timeout_s=10,
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ERROR: Repository not found.\n", "no such repo"),
        (GITLAB, "no such repo"),
        ("conq: repository does not exist.\n", "no such repo"),
        ("Forgejo: Cannot find repository: a/b\n", "no such repo"),
        ("git@github.com: Permission denied (publickey).\n", "login refused"),
        ("Gitea: User permission denied for writing.\n", "login refused"),
        ("repository access denied.\n", "login refused"),
        ("No ED25519 host key is known for h\nHost key verification failed.\n", "unknown host key"),
        ("ssh: connect to host h port 22: Connection timed out\n", "unreachable"),
        ("git: 1: ssh: not found\n", "failed"),
        ("", "failed"),
    ],
)
def test_each_forges_words_are_understood(said: str, kind: str) -> None:
    assert fault(said + CLOSING).kind == kind


def test_the_line_that_says_most_is_shown() -> None:
    assert "The project you were looking for" in fault(GITLAB + CLOSING).detail
    assert fault("ERROR: Repository not found.\n" + CLOSING).detail == (
        "ERROR: Repository not found"
    )


def test_an_https_repo_that_wants_a_login_comes_with_its_ssh_form() -> None:
    said = "fatal: could not read Username for 'https://github.com': terminal prompts disabled\n"
    assert "`git@github.com:a/b.git`" in fault(said, "https://github.com/a/b").fix


def test_a_forge_that_shows_another_key_is_never_told_to_be_forgotten() -> None:
    said = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n"
    assert "ssh-keygen -R" not in str(fault(said))
    assert "ssh-keygen -R" in str(fault(said, "git@h.example:a/b"))


def test_a_time_out_says_how_long_it_waited() -> None:
    assert fault("", status=TIMED_OUT).detail == "no answer within 10 s"


def test_what_a_server_says_cannot_move_the_cursor_or_add_lines() -> None:
    text = str(fault("ERROR: \x1b[2J\x1b]0;title\x07 Repository not found.\n"))
    assert "\x1b" not in text
    assert text.count("\n") <= 2
