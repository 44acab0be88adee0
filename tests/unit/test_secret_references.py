"""References are read strictly, and names are those of harmless variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.secrets import names
from guard.secrets.catalogue import PROVIDERS
from guard.secrets.keychain import Keychain
from guard.secrets.provider import ProviderFailed, Tools
from guard.secrets.reference import BadReference, parse_reference


@pytest.mark.parametrize(
    "text",
    [
        "op://Work/npm/token",
        "op://My Vault/My item/section/one-time password?attribute=otp",
        "op-env://a1b2c3d4e5f6g7h8i9j0k1l2m3",
        "op-env://a1b2c3d4e5f6g7h8i9j0k1l2m3#DATABASE_URL",
        "bws://01234567-89ab-cdef-0123-456789abcdef#KEY",
        "pass://web/ann@example.com#user name",
        "pass://tls/key#*",
        "gopass://team/db",
        "keychain://nopal/claude",
        "keychain://https://example.com/ann",
        "vault://secret/app/db#password",
        "sops://~/secrets.enc.yaml#db.password",
        "doppler://shop/dev_personal",
        "infisical://0123-45/dev/web",
        "fnox://default",
        "env://NPM_TOKEN",
        "file:///etc/key",
        "command:my-store get 'a b'",
    ],
)
def test_a_reference_is_what_it_was_written_as(text: str) -> None:
    assert str(parse_reference(text, PROVIDERS)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "https://example.com/x",
        "op://Work/npm",
        "op://Work/npm/token#KEY",
        "op://Work//token",
        "op:Work/npm/token",
        "op://--account/x/y\n",
        "op-env://--help",
        "op-env://short",
        "pass://-c/x",
        "pass://../outside",
        "pass:///etc/passwd",
        "pass://a#",
        "gopass://--yes",
        "vault://secret",
        "vault://-address/x",
        "sops://relative/file",
        "sops:///a/../b",
        "doppler://shop",
        "fnox://--config=x",
        "env://A-B",
        "file://etc/key",
        "file:///etc/\x1b[31m",
        "command:",
        "command://x",
        "command:a 'b",
        "command:a\nb",
        "infisical://x/dev/../prod",
        "x" * 2000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadReference):
        parse_reference(text, PROVIDERS)


def test_a_refusal_names_the_form_and_the_nearest_provider() -> None:
    with pytest.raises(BadReference) as caught:
        parse_reference("op://Work/npm", PROVIDERS)
    assert "op://VAULT/ITEM/FIELD" in str(caught.value)
    with pytest.raises(BadReference) as caught:
        parse_reference("vaults://a/b", PROVIDERS)
    assert "did you mean `vault`?" in str(caught.value)


@given(st.text(max_size=40))
def test_no_text_becomes_an_option_of_a_program(rest: str) -> None:
    for provider in PROVIDERS.values():
        if provider.scheme in ("command", "file", "sops"):
            continue
        try:
            found = parse_reference(f"{provider.scheme}://{rest}", PROVIDERS)
        except BadReference:
            continue
        assert found.path.isprintable()
        assert not found.path.startswith("-") or provider.scheme == "keychain"


@pytest.mark.parametrize("name", ["NPM_TOKEN", "_x", "a", "PATHS", "DB1"])
def test_an_ordinary_name_is_right(name: str) -> None:
    assert names.problem(name) == ""


@pytest.mark.parametrize(
    "name", ["", "1A", "A-B", "A B", "é", "A\n", "*", "PATH", "LD_PRELOAD", "BASH_ENV", "LC_ALL"]
)
def test_a_name_that_means_something_to_shells_is_not(name: str) -> None:
    assert names.problem(name)


NOTHING = Tools({}, Path("/"))


def test_a_keyring_is_asked_by_service_and_account() -> None:
    held = {("https://example.com", "ann"): "pw"}
    provider = Keychain(lambda service, account: held.get((service, account)), lambda: "macOS")
    found = provider.fetch(["https://example.com/ann", "nopal/claude"], NOTHING)
    values, nothing = found["https://example.com/ann"], found["nopal/claude"]
    assert not isinstance(values, ProviderFailed)
    assert values[""].reveal() == "pw"
    assert str(nothing) == "keyring: nopal has no password of claude"


def test_a_host_without_a_keyring_is_told_so() -> None:
    checked = Keychain(backend=lambda: "").check(NOTHING)
    assert not checked.is_usable
    assert "no keyring" in checked.says
