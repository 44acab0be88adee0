from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from guard.secrets.fetch import fetch
from guard.secrets.provider import Tools
from nopal.login_fetch import NoLoginThere, kind_at
from nopal.login_list import as_data, as_text, ends
from nopal.logins import BadLoginName, Kept, Logins, NoKeyring
from profiles.catalogue import load
from profiles.login import Login

DAY = 86_400
TOKEN = Login(title="a token", form=r"tok-\w+", variable="TOKEN", how="-", days=365)


@dataclass
class Keyring:
    """A keyring; or none, if it is not `there`."""

    there: bool = True
    texts: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, secret: str) -> bool:
        if self.there:
            self.texts[name] = secret
        return self.there

    def get(self, name: str) -> str:
        return self.texts.get(name, "")

    def remove(self, name: str) -> None:
        self.texts.pop(name, None)


def logins(place: Path, keyring: Keyring) -> Logins:
    return Logins(place / "logins", keyring, lambda: DAY)


def test_a_login_is_kept_in_the_keyring_and_only_told_of_on_disk(tmp_path: Path) -> None:
    ours = logins(tmp_path, Keyring())
    kept = ours.keep("claude", "work", TOKEN, "tok-4711")
    assert (ours.all(), kept.expires, kept.place) == ((kept,), 366 * DAY, "keyring")
    text = ours.text(kept)
    assert text is not None
    assert text.reveal() == "tok-4711"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(b"4711" in path.read_bytes() for path in files)


def test_without_a_keyring_nothing_is_kept_unless_a_file_was_asked_for(tmp_path: Path) -> None:
    ours = logins(tmp_path, Keyring(there=False))
    with pytest.raises(NoKeyring) as caught:
        ours.keep("claude", "work", TOKEN, "tok-4711")
    assert "--plain-file" in str(caught.value)
    assert ours.all() == ()
    kept = ours.keep("claude", "work", TOKEN, "tok-4711", plain=True)
    (file,) = (tmp_path / "logins").glob("*.secret")
    assert (file.stat().st_mode & 0o777, file.read_text()) == (0o600, "tok-4711")
    ours.forget(kept)
    assert not list((tmp_path / "logins").iterdir())


def test_a_login_that_moves_into_the_keyring_leaves_no_file(tmp_path: Path) -> None:
    keyring = Keyring()
    ours = logins(tmp_path, keyring)
    first = ours.keep("claude", "work", TOKEN, "tok-4711", plain=True)
    second = ours.keep("claude", "work", TOKEN, "tok-4712")
    assert not list((tmp_path / "logins").glob("*.secret"))
    assert keyring.texts == {"login/claude/work": "tok-4712"}
    assert first.mark != second.mark
    ours.forget(second)
    assert keyring.texts == {}


def test_a_login_of_a_store_stays_there_and_is_fetched_for_each_machine(tmp_path: Path) -> None:
    keyring = Keyring()
    ours = logins(tmp_path, keyring)
    held = replace(TOKEN, content='{"key":"{}"}')
    assert fetched(ours, ours.keep("claude", "work", TOKEN, "tok-1")) == "tok-1"
    kept = ours.keep("claude", "work", held, "", reference="env://STORE")
    assert (keyring.texts, kept.expires) == ({}, None)
    assert fetched(ours, kept, STORE=" tok-4711\n") == '{"key":"tok-4711"}'
    assert fetched(ours, kept, STORE="tok-4712") == '{"key":"tok-4712"}'
    assert "STORE" in str(fetched(ours, kept))
    ours.forget(kept)
    assert ours.all() == ()


def fetched(ours: Logins, kept: Kept, **environ: str) -> str:
    """Return what a machine gets of a login, or why it gets nothing."""
    ((_, wanted),) = ours.wanted({kept.agent: kept.name})
    found = fetch([wanted], Tools(environ, ours.folder))
    if found.failures:
        return found.failures[0].words
    return found.sets[""][kept.variable].reveal()


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "STORE"), ("hunter2", "it does not look like a token")],
)
def test_a_reference_that_leads_to_no_login_is_refused(value: str | None, reason: str) -> None:
    tools = Tools({"STORE": value} if value else {}, Path("/nowhere"))
    with pytest.raises(NoLoginThere) as caught:
        kind_at("env://STORE", [TOKEN], tools)
    assert reason in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_what_a_store_has_tells_which_kind_of_login_it_is() -> None:
    kinds = load()["claude"].logins
    tools = Tools({"STORE": f"sk-ant-api03-{'x' * 90}\n"}, Path("/nowhere"))
    assert kind_at("env://STORE", kinds, tools).variable == "ANTHROPIC_API_KEY"


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 33])
def test_a_name_that_could_be_no_files_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadLoginName):
        logins(tmp_path, Keyring()).keep("claude", name, TOKEN, "tok-4711")


@pytest.mark.parametrize(
    ("agent", "text", "variable"),
    [
        ("claude", f"sk-ant-oat01-{'x' * 90}", "CLAUDE_CODE_OAUTH_TOKEN"),
        ("claude", f"sk-ant-api03-{'x' * 90}", "ANTHROPIC_API_KEY"),
        ("claude", f"sk-{'x' * 40}", ""),
        ("claude", f"sk-ant-oat01-{'x' * 30}\nsk", ""),
        ("codex", f"sk-proj-{'x' * 40}", "CODEX_AUTH_JSON"),
        ("codex", f"sk-ant-api03-{'x' * 90}", ""),
        ("codex", '{"tokens": {"id_token": "x"},\n "last_refresh": 1}', "CODEX_AUTH_JSON"),
        ("gh", f"github_pat_{'x' * 80}", "GH_TOKEN"),
        ("gh", f"ghp_{'x' * 36}", "GH_TOKEN"),
        ("gh", "hunter2", ""),
    ],
)
def test_a_text_is_taken_for_the_login_it_looks_like(agent: str, text: str, variable: str) -> None:
    found = [one.variable for one in load()[agent].logins if one.fits(text)]
    assert found == ([variable] if variable else [])


def test_codex_gets_a_key_in_the_form_of_its_own_file() -> None:
    key = next(one for one in load()["codex"].logins if one.fits("sk-proj-" + "x" * 40))
    assert key.held("sk-1") == '{"auth_mode":"apikey","OPENAI_API_KEY":"sk-1"}'


def test_the_end_of_a_login_is_told_in_days_when_it_is_near() -> None:
    assert ends(None, 0) == "end not known"
    assert ends(100 * DAY, 0) == "until 1970-04-11"
    assert ends(3 * DAY, 0) == "until 1970-01-04 (3 days)"
    assert ends(DAY, 3 * DAY) == "ended 1970-01-02"


def test_the_list_tells_names_and_projects_and_no_login(tmp_path: Path) -> None:
    ours = logins(tmp_path, Keyring())
    ours.keep("claude", "work", TOKEN, "tok-4711")
    text = as_text(ours.all(), {"claude/work": ["blog"]}, DAY)
    data = as_data(ours.all(), {})
    assert "claude  work  a token  keyring  until 1971-01-02  blog" in text
    assert (data[0]["agent"], data[0]["projects"]) == ("claude", [])
    assert "4711" not in text + str(data)
