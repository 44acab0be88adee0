"""What is written of secrets in a machine."""

from __future__ import annotations

import json

import pytest
from awkward import AWKWARD

from guard.secrets.secret import Secret
from nopal.secret_delivery import RECEIVE, NotDelivered, give, mark_in, take
from nopal.secret_files import NotInDotenv, render


def test_each_set_has_its_files_below_a_folder_of_its_own() -> None:
    files = render({"": {"ONE": Secret("1")}, "docs/site": {"TWO": Secret("2")}}, "mark")
    assert files["set"] == "mark\n"
    assert files["values/ONE"] == "1"
    assert json.loads(files["repos/docs/site/secrets.json"]) == {"TWO": "2"}
    assert "ONE" not in files["repos/docs/site/env.sh"]


def test_shell_text_is_one_single_quoted_word_a_value() -> None:
    files = render({"": {"A": Secret("it's $HOME")}}, "mark")
    assert files["env.sh"].splitlines()[0] == "export A='it'\\''s $HOME'"


def test_dotenv_is_written_only_on_request() -> None:
    plain = {"": {"URL": Secret("postgres://ann:pw@db:5432/shop?sslmode=require")}}
    assert "dotenv" not in render(plain, "mark")
    assert render(plain, "mark", dotenv=True)["dotenv"].startswith("URL=postgres://ann:pw@db")


@pytest.mark.parametrize("name", sorted(set(AWKWARD) - {"EMPTY", "LONG"}))
def test_a_value_that_dotenvs_would_read_differently_is_refused(name: str) -> None:
    with pytest.raises(NotInDotenv) as caught:
        render({"": {name: Secret(AWKWARD[name])}}, "mark", dotenv=True)
    assert name in str(caught.value)
    assert AWKWARD[name] not in str(caught.value)


class Guest:
    """Answers one script."""

    def __init__(self, *lines: str, status: int = 0) -> None:
        self.lines, self.status = lines, status
        self.script = self.secret = ""

    def run(self, script: str, on_line, *, secret: str = "") -> int:  # type: ignore[no-untyped-def]
        self.script, self.secret = script, secret
        for line in self.lines:
            on_line(line)
        return self.status


def test_values_are_on_stdin_and_not_in_the_script() -> None:
    guest = Guest()
    give(guest, "blog", render({"": {"KEY": Secret("hunter2\nhunter3")}}, "mark"))
    assert "hunter" not in guest.script
    assert "\n" not in guest.secret
    assert json.loads(guest.secret)["values/KEY"] == "hunter2\nhunter3"
    assert RECEIVE.splitlines()[0] in guest.script


def test_a_guest_that_fails_cannot_print_a_secret_in_the_error() -> None:
    with pytest.raises(NotDelivered) as caught:
        give(Guest("cannot write hunter2", status=1), "blog", {"values/KEY": "hunter2"})
    assert "cannot write ***" in str(caught.value)


def test_the_mark_is_one_line_or_nothing() -> None:
    assert mark_in(Guest("abc")) == "abc"
    assert mark_in(Guest()) == mark_in(Guest("abc", "more")) == ""


def test_taking_away_needs_no_secret() -> None:
    guest = Guest()
    take(guest, "blog")
    assert guest.secret == ""
