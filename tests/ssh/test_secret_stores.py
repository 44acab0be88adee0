"""Secrets fetched from stand-ins of the stores' programs, and from a real password store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from awkward import AWKWARD
from fake_stores import Stores

from guard.secrets.catalogue import PROVIDERS
from guard.secrets.fetch import Fetched, Wanted, fetch
from guard.secrets.provider import Tools
from guard.secrets.reference import parse_reference

ENVIRONMENT = "a1b2c3d4e5f6g7h8i9j0k1l2m3"
PROJECT = "01234567-89ab-cdef-0123-456789abcdef"
ITEMS = {f"op://Work/item/{name}": value for name, value in AWKWARD.items()}
VALUES = {
    "op": ITEMS,
    "op-env": {ENVIRONMENT: AWKWARD},
    "bws": {**AWKWARD, "no-name": "x"},
    "vault": {"kv2/app": AWKWARD, "kv1/app": {"field": "v1", "port": 5432}},
    "doppler": AWKWARD,
    "--path=/": AWKWARD,
    "--path=/web/api": {"DEEP": "yes"},
    "fnox": {"dev": AWKWARD},
    "gopass": {"team/db": "p w\nuser: ann\n"},
}


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores.make(tmp_path, VALUES, BWS_ACCESS_TOKEN="bws-token-99", VAULT_TOKEN="v-token-1")


def wanted(**references: str) -> list[Wanted]:
    return [
        Wanted("*" if name == "ALL" else name, parse_reference(text, PROVIDERS))
        for name, text in references.items()
    ]


def get(tools: Tools, **references: str) -> Fetched:
    return fetch(wanted(**references), tools)


def values(tools: Tools, **references: str) -> dict[str, str]:
    found = get(tools, **references)
    assert found.failures == ()
    return {name: secret.reveal() for name, secret in found.sets[""].items()}


def words(found: Fetched) -> str:
    return "\n".join(map(str, found.failures))


def test_items_of_1password_are_exact_and_cost_one_unlocking(stores: Stores) -> None:
    references = {name: f"op://Work/item/{name}" for name in AWKWARD}
    assert values(stores.tools, **references) == AWKWARD
    assert stores.unlockings == 1


@pytest.mark.parametrize(
    "reference",
    [
        f"op-env://{ENVIRONMENT}",
        f"bws://{PROJECT}",
        "vault://kv2/app",
        "doppler://shop/dev",
        f"infisical://{PROJECT}/dev",
        "fnox://dev",
    ],
)
def test_all_values_of_a_place_are_exact(stores: Stores, reference: str) -> None:
    assert values(stores.tools, ALL=reference) == AWKWARD


def test_one_value_of_a_place_is_chosen_by_its_key_or_by_the_variables_name(
    stores: Stores,
) -> None:
    assert values(
        stores.tools,
        UTF8=f"op-env://{ENVIRONMENT}",
        MINE=f"op-env://{ENVIRONMENT}#PEM_KEY",
        FIELD="vault://kv1/app#field",
        PORT="vault://kv1/app#port",
        DEEP=f"infisical://{PROJECT}/dev/web/api",
        USER_NAME="gopass://team/db#user",
        PASSWORD="gopass://team/db",
        ENTRY="gopass://team/db#*",
    ) == {
        "UTF8": AWKWARD["UTF8"],
        "MINE": AWKWARD["PEM_KEY"],
        "FIELD": "v1",
        "PORT": "5432",
        "DEEP": "yes",
        "USER_NAME": "ann",
        "PASSWORD": "p w",
        "ENTRY": "p w\nuser: ann\n",
    }
    assert stores.unlockings == 1


def test_a_name_of_its_own_counts_more_than_a_whole_place(stores: Stores) -> None:
    found = values(stores.tools, HASH="vault://kv1/app#field", ALL=f"op-env://{ENVIRONMENT}")
    assert found == {**AWKWARD, "HASH": "v1"}


def test_what_no_variable_can_be_called_is_left_out_and_told(stores: Stores) -> None:
    assert get(stores.tools, ALL=f"bws://{PROJECT}").left_out == (
        "no-name: it is no name of a variable",
    )


def test_one_bad_item_names_itself_and_the_others_come(stores: Stores) -> None:
    found = get(stores.tools, GOOD="op://Work/item/HASH", BAD="op://Work/item/NOPE")
    assert list(found.sets[""]) == ["GOOD"]
    assert words(found).startswith(
        'BAD (op://Work/item/NOPE): op: [ERROR] could not resolve "op://'
    )


def test_who_does_not_unlock_is_asked_once(stores: Stores) -> None:
    (stores.place / "locked").touch()
    found = get(stores.tools, A="op://Work/item/HASH", B="op://Work/item/UTF8")
    assert stores.unlockings == 1
    assert len(found.failures) == 2
    assert "authorization prompt dismissed" in words(found)


def test_an_op_without_the_flag_for_environments_is_asked_in_its_own_way(stores: Stores) -> None:
    (stores.place / "op-is-old").touch()
    changed = json.loads((stores.place / "values.json").read_text())
    changed["op-env"][ENVIRONMENT] = {"ONE": "a=b", "TWO": "c"}
    (stores.place / "values.json").write_text(json.dumps(changed))
    assert values(stores.tools, ALL=f"op-env://{ENVIRONMENT}") == {"ONE": "a=b", "TWO": "c"}


def test_values_of_several_lines_are_refused_where_they_cannot_be_told_apart(
    stores: Stores,
) -> None:
    (stores.place / "op-is-old").touch()
    found = get(stores.tools, ALL=f"op-env://{ENVIRONMENT}")
    assert "update it to 2.41" in words(found)
    assert "second" not in words(found)


def test_a_failure_has_the_providers_own_words(stores: Stores) -> None:
    found = get(
        stores.tools,
        A="vault://kv2/none",
        B="gopass://team/none",
        C=f"op-env://{ENVIRONMENT[::-1]}",
        D="env://NOT_SET_HERE",
        E="file://~/none",
    )
    assert found.sets == {}
    assert words(found).splitlines() == [
        "A (vault://kv2/none): vault: No value found at kv2/none",
        "B (gopass://team/none): gopass: Error: failed to retrieve secret 'team/none': "
        "Entry is not in the password store",
        f"C (op-env://{ENVIRONMENT[::-1]}): op: [ERROR] could not find the environment "
        f'"{ENVIRONMENT[::-1]}"',
        "D (env://NOT_SET_HERE): NOT_SET_HERE is not set here",
        f"E (file://~/none): {stores.tools.home}/none: No such file or directory",
    ]


def test_a_token_in_the_providers_words_is_masked(tmp_path: Path) -> None:
    stores = Stores.make(tmp_path, VALUES, BWS_ACCESS_TOKEN="wrong-token-11")
    assert words(get(stores.tools, A=f"bws://{PROJECT}")).endswith(
        "bws: Error: token *** is not valid"
    )


def test_a_value_that_came_is_masked_in_the_words_about_another(stores: Stores) -> None:
    planted = json.loads((stores.place / "values.json").read_text())
    planted["gopass"]["plant"] = "plant-in-stderr-77\n"
    (stores.place / "values.json").write_text(json.dumps(planted))
    found = get(stores.tools, OK="gopass://plant", BAD="op://Work/item/NOPE")
    assert "I hold ***" in words(found)


def test_a_program_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    tools = Tools({"PATH": "/nonexistent"}, tmp_path)
    assert "vault is not installed" in words(get(tools, A="vault://kv2/app"))


def test_each_program_sees_its_own_tokens_and_no_others(stores: Stores) -> None:
    get(
        stores.tools,
        A=f"bws://{PROJECT}#UTF8",
        B="vault://kv2/app#UTF8",
        C="op://Work/item/UTF8",
        D="gopass://team/db",
    )
    seen = {program: set(names) for program, _arguments, names in stores.calls}
    assert "BWS_ACCESS_TOKEN" in seen["bws"]
    assert "VAULT_TOKEN" in seen["vault"]
    for program in ("op", "gopass", "vault"):
        assert "BWS_ACCESS_TOKEN" not in seen[program]


def test_no_value_is_in_an_argument_of_a_program(stores: Stores) -> None:
    get(stores.tools, A=f"bws://{PROJECT}#SPACES", B="op://Work/item/SPACES", C="fnox://dev#SPACES")
    assert AWKWARD["SPACES"] not in json.dumps(stores.calls)
    assert "bws-token-99" not in json.dumps(stores.calls)


def test_a_command_of_the_persons_own_gives_one_value_or_many(stores: Stores) -> None:
    (stores.place / "one").write_text("a value\n")
    (stores.place / "json").write_text(json.dumps({"A": "1", "B": "two\nlines"}))
    (stores.place / "nul").write_bytes(b"C=3\0D=four\nlines\0")
    tools = stores.tools
    assert values(tools, ONE="command:my-store one") == {"ONE": "a value"}
    assert values(tools, ONE="command:my-store 'json'") == {"ONE": '{"A": "1", "B": "two\\nlines"}'}
    assert values(tools, ALL="command:my-store json") == {"A": "1", "B": "two\nlines"}
    assert values(tools, ALL="command:my-store nul") == {"C": "3", "D": "four\nlines"}
    assert "no values with names" in words(get(tools, ALL="command:my-store one"))


def test_a_command_is_no_shell(stores: Stores) -> None:
    (stores.place / "one").write_text("1")
    get(stores.tools, ONE="command:my-store one; touch $HOME/x")
    assert [arguments for _, arguments, _ in stores.calls] == [["one;", "touch", "$HOME/x"]]


def test_a_file_keeps_its_lines_and_a_line_loses_its_end(stores: Stores) -> None:
    home = stores.tools.home
    (home / "key").write_text(AWKWARD["PEM_KEY"])
    (home / "token").write_text("abc\n")
    (home / "binary").write_bytes(b"\xff\xfe")
    found = get(stores.tools, KEY="file://~/key", T=f"file://{home}/token", BIN="file://~/binary")
    assert found.sets[""]["KEY"].reveal() == AWKWARD["PEM_KEY"]
    assert found.sets[""]["T"].reveal() == "abc"
    assert "is no UTF-8 text" in words(found)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"\xff\xfe", "no UTF-8 text"), (b"x" * 200_000, "longer than"), (b"a\0b", "a NUL")],
    ids=["binary", "too long", "nul"],
)
def test_a_value_that_no_variable_can_hold_is_refused(
    stores: Stores, content: bytes, complaint: str
) -> None:
    (stores.place / "odd").write_bytes(content)
    assert complaint in words(get(stores.tools, ODD="command:my-store odd"))


def test_sops_values_are_found_at_any_depth(stores: Stores) -> None:
    file = stores.tools.home / "secrets.enc.yaml"
    file.write_text(json.dumps({"TOP": "1", "db": {"password": "p", "ports": [1, 2]}}))
    assert values(
        stores.tools, TOP="sops://~/secrets.enc.yaml", PW="sops://~/secrets.enc.yaml#db.password"
    ) == {"TOP": "1", "PW": "p"}
    assert values(stores.tools, ALL="sops://~/secrets.enc.yaml") == {"TOP": "1"}


CHECK_ALL = """
import os, sys
from pathlib import Path
from guard.secrets.catalogue import PROVIDERS
from guard.secrets.provider import Tools
open("/dev/tty").close()
for provider in PROVIDERS.values():
    print(provider.scheme, provider.check(Tools(os.environ, Path(os.environ["HOME"]))).is_usable)
print("all were checked")
"""
PROMPTS = """\
#!{python}
import sys
try:
    tty = open("/dev/tty", "r+b", buffering=0)
except OSError:
    sys.exit(3)
tty.write(b"Master password: ")
tty.readline()
"""


def test_a_check_never_reaches_a_program_that_prompts_on_the_terminal(stores: Stores) -> None:
    for program in (stores.place / "bin").iterdir():
        program.write_text(PROMPTS.format(python=sys.executable))
    child = pexpect.spawn(
        sys.executable,
        ["-c", CHECK_ALL],
        env={**stores.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        encoding="utf-8",
        timeout=60,
    )
    child.expect("all were checked")
    assert "Master password" not in child.before
    child.close()


def test_a_fetch_may_prompt_on_the_terminal(stores: Stores) -> None:
    program = stores.place / "bin/my-store"
    asks = PROMPTS.format(python=sys.executable).replace(
        "tty.readline()", "print(tty.readline().decode().upper())"
    )
    program.write_text(asks)
    script = (
        "import os; from pathlib import Path; from guard.secrets.provider import Tools;"
        "print('got', repr(Tools(os.environ, Path('/')).ask('my-store', variables=os.environ)))"
    )
    child = pexpect.spawn(
        sys.executable,
        ["-c", script],
        env={**stores.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        encoding="utf-8",
        timeout=60,
    )
    child.expect("Master password: ")
    child.sendline("open sesame")
    child.expect("got .*OPEN SESAME")
    child.close()


def test_checking_says_what_is_missing(stores: Stores) -> None:
    tools = stores.tools
    assert PROVIDERS["op"].check(tools).is_usable
    assert PROVIDERS["pass"].check(tools).is_usable is False
    nothing = Tools({"PATH": "/nonexistent"}, tools.home)
    assert PROVIDERS["vault"].check(nothing).says == "vault is not installed"
    assert PROVIDERS["bws"].check(Tools({"PATH": tools.environ["PATH"]}, tools.home)).says == (
        "BWS_ACCESS_TOKEN is not set"
    )


@pytest.fixture
def password_store(tmp_path: Path) -> Iterator[Tools]:
    """A real `pass` with a key of its own, without a passphrase."""
    if shutil.which("pass") is None or shutil.which("gpg") is None:
        pytest.skip("no pass here")
    home = tmp_path / "h"
    (home / ".gnupg").mkdir(parents=True, mode=0o700)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}

    def run(*argv: str, text: str = "") -> None:
        subprocess.run(argv, env=environ, input=text, text=True, check=True, capture_output=True)

    parameters = "%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nSubkey-Type: ecdh\n"
    parameters += "Subkey-Curve: cv25519\nName-Email: ann@example.com\n%commit\n"
    run("gpg", "--batch", "--gen-key", text=parameters)
    run("pass", "init", "ann@example.com")
    run("pass", "insert", "-m", "web/token", text=f"{AWKWARD['DOUBLE']}\nuser: ann é\n")
    run("pass", "insert", "-m", "key", text=AWKWARD["PEM_KEY"])
    yield Tools(environ, home)
    run("gpgconf", "--kill", "all")


def test_a_real_password_store_gives_first_lines_fields_and_whole_entries(
    password_store: Tools,
) -> None:
    assert values(
        password_store,
        TOKEN="pass://web/token",
        WHO="pass://web/token#user",
        KEY="pass://key#*",
    ) == {"TOKEN": AWKWARD["DOUBLE"], "WHO": "ann é", "KEY": AWKWARD["PEM_KEY"]}


def test_a_folder_of_a_real_password_store_is_no_secret(password_store: Tools) -> None:
    assert "web is not in the password store" in words(get(password_store, A="pass://web"))


def test_a_password_store_that_cannot_decrypt_says_so(password_store: Tools) -> None:
    shutil.rmtree(password_store.home / ".gnupg/private-keys-v1.d")
    subprocess.run(["gpgconf", "--kill", "all"], env=password_store.environ, check=True)
    assert "decryption failed" in words(get(password_store, A="pass://key"))


def test_a_real_sops_file_encrypted_by_age_is_read(tmp_path: Path) -> None:
    if shutil.which("sops") is None or shutil.which("age-keygen") is None:
        pytest.skip("no sops or age here: apt has age, Go's modules have getsops/sops/v3/cmd/sops")
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    public = next(line for line in made.splitlines() if "public key" in line).split()[-1]
    (tmp_path / "age").write_text(made)
    environ = {**os.environ, "HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(tmp_path / "age")}
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({**AWKWARD, "db": {"password": "p"}}))
    sealed = subprocess.run(
        ["sops", "--encrypt", "--age", public, plain], env=environ, capture_output=True, check=True
    ).stdout
    plain.unlink()
    (tmp_path / "sealed.json").write_bytes(sealed)
    tools = Tools(environ, tmp_path)
    assert values(tools, ALL="sops://~/sealed.json") == AWKWARD
    assert values(tools, PW="sops://~/sealed.json#db.password") == {"PW": "p"}
