"""The decision on each request: what a policy allows, and what has to be proven for it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from agent_messages import bind, key, login, message, request, session_id

from guard.keys.decide import Decision, decide, is_listed, why_hidden
from guard.keys.explain import explain
from guard.keys.exposed import AgentKey, exposed
from guard.keys.policy import KeyPolicy
from guard.keys.protocol import SessionBind
from guard.keys.session import Session
from guard.keys.signed_data import classify

USER, HUB, PROD, VM, EVIL = (key(name) for name in ("user", "hub", "prod", "vm", "evil"))
SID = session_id("b")
POLICY = KeyPolicy(
    project="blog",
    exposed=("work@laptop",),
    sign={"git": "allow", "notes": "ask", "file": "deny"},
    login={"hub": "allow", "prod": "ask", "old": "deny", "keyless": "allow"},
    users={"hub": ("git", "ci")},
    host_keys={
        "hub": (HUB.line, key("hub-rsa", "ssh-rsa").line),
        "prod": (PROD.line,),
        "old": (key("old").line,),
        "stranger": (EVIL.line,),
    },
    machine_keys=(VM.line,),
    hostbound=("prod",),
)


def decided(
    data: bytes, *binds: SessionBind, policy: KeyPolicy = POLICY, by: AgentKey = USER.agent_key
) -> Decision:
    session = Session()
    for one in binds:
        session = session.bound(one)
    return decide(policy, by, classify(request(data)), session)


def changed(**fields: object) -> KeyPolicy:
    return msgspec.structs.replace(POLICY, **fields)


AT_HUB = bind(HUB, SID)
FROM_VM = bind(VM, session_id("vm"), is_forwarding=True)
LOGINS = {
    "bound to an allowed host": (login(SID), [AT_HUB], "allow"),
    "bound, over a forwarding to the machine": (login(SID), [FROM_VM, AT_HUB], "allow"),
    "bound and host-bound": (login(SID, host_key=HUB.blob), [AT_HUB], "allow"),
    "host-bound alone": (login(SID, host_key=HUB.blob), [], "allow"),
    "host-bound, over a forwarding to the machine": (
        login(SID, host_key=HUB.blob),
        [FROM_VM],
        "allow",
    ),
    "as another user of the host": (login(SID, "ci"), [AT_HUB], "allow"),
    "to a host that is asked about": (
        login(SID, "root", host_key=PROD.blob),
        [bind(PROD, SID)],
        "ask",
    ),
    "as a user that is not named": (login(SID, "root"), [AT_HUB], "deny"),
    "as a user in another case": (login(SID, "Git"), [AT_HUB], "deny"),
    "unbound": (login(SID), [], "deny"),
    "unbound, over a forwarding to the machine": (login(SID), [FROM_VM], "deny"),
    "bound to a host that is not named": (login(SID), [bind(EVIL, SID)], "deny"),
    "host-bound to a host that is not named": (
        login(SID, host_key=EVIL.blob),
        [bind(EVIL, SID)],
        "deny",
    ),
    "bound to a denied host": (login(SID), [bind(key("old"), SID)], "deny"),
    "with another session's id": (login(session_id("c")), [AT_HUB], "deny"),
    "with another session's id, host-bound": (
        login(session_id("c"), host_key=HUB.blob),
        [AT_HUB],
        "deny",
    ),
    "naming one host, bound to another": (login(SID, host_key=HUB.blob), [bind(EVIL)], "deny"),
    "bound to the right host, naming another": (login(SID, host_key=EVIL.blob), [AT_HUB], "deny"),
    "naming an empty host key": (login(SID, host_key=b""), [AT_HUB], "deny"),
    "naming an empty host key, unbound": (login(SID, host_key=b""), [], "deny"),
    "not host-bound where that is asked for": (login(SID, "root"), [bind(PROD, SID)], "deny"),
    "forwarded on to an allowed host": (
        login(session_id("d")),
        [bind(HUB, SID, is_forwarding=True), bind(HUB, session_id("d"))],
        "deny",
    ),
    "forwarded on from the machine": (
        login(session_id("d")),
        [FROM_VM, bind(EVIL, SID, is_forwarding=True), bind(HUB, session_id("d"))],
        "deny",
    ),
    "after a forged bind": (login(SID), [replace(AT_HUB, signature=b"x"), AT_HUB], "deny"),
    "after a second bind": (login(SID), [AT_HUB, bind(HUB, session_id("c"))], "deny"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "binds", "verdict"), LOGINS.values(), ids=LOGINS.keys())
def test_a_login(data: bytes, binds: list[SessionBind], verdict: str) -> None:
    assert decided(data, *binds).verdict == verdict


MESSAGES = {
    "in an allowed namespace": (message("git"), [], "allow"),
    "over a forwarding to the machine": (message("git"), [FROM_VM], "allow"),
    "in a namespace that is asked about": (message("notes"), [], "ask"),
    "in a denied namespace": (message("file"), [], "deny"),
    "in a namespace that is not named": (message("email"), [], "deny"),
    "in a longer namespace": (message("git2"), [], "deny"),
    "in a namespace of another case": (message("Git"), [], "deny"),
    "in a namespace with a NUL": (message("git\0x"), [], "deny"),
    "in an empty namespace": (message(""), [], "deny"),
    "with a short hash": (message(digest=bytes(20)), [], "deny"),
    "forwarded on": (message("git"), [bind(EVIL, SID, is_forwarding=True)], "deny"),
    "after a forged bind": (message("git"), [replace(AT_HUB, signature=b"x")], "deny"),
}


@pytest.mark.parametrize(("data", "binds", "verdict"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message(data: bytes, binds: list[SessionBind], verdict: str) -> None:
    assert decided(data, *binds).verdict == verdict


@pytest.mark.parametrize("verdict", ["deny", "ask", "allow"])
def test_a_login_without_a_destination_goes_by_its_own_setting(verdict: str) -> None:
    decision = decided(login(SID), policy=changed(unbound=verdict))
    assert decision.verdict == verdict
    assert decision.target == "git@?"


def test_a_login_that_proves_a_wrong_host_is_never_an_unbound_one() -> None:
    policy = changed(unbound="allow")
    assert decided(login(SID), bind(EVIL, SID), policy=policy).verdict == "deny"
    assert decided(login(session_id("c")), AT_HUB, policy=policy).verdict == "deny"
    assert decided(login(SID, host_key=EVIL.blob), policy=policy).verdict == "deny"
    assert decided(login(SID, host_key=b""), policy=policy).verdict == "deny"


def test_an_empty_policy_gives_nothing() -> None:
    policy = KeyPolicy(project="blog")
    assert exposed([USER.agent_key], policy) == ()
    assert decided(message(), policy=policy).verdict == "deny"
    assert decided(login(SID), AT_HUB, policy=policy).verdict == "deny"
    assert decided(login(SID), policy=policy).verdict == "deny"


def test_a_host_without_a_readable_key_is_never_proven() -> None:
    policy = changed(login={"hub": "allow"}, host_keys={"hub": ("ssh-ed25519 AAAA", "nonsense")})
    assert decided(login(SID), AT_HUB, policy=policy).verdict == "deny"


def test_names_that_share_a_key_have_the_least_rights_of_any() -> None:
    keys = {"hub": (HUB.line,), "alias": (HUB.line,)}
    for login_of, users, verdict in (
        ({"hub": "allow", "alias": "deny"}, {}, "deny"),
        ({"alias": "ask", "hub": "allow"}, {}, "ask"),
        ({"hub": "allow", "alias": "allow"}, {"alias": ("root",)}, "deny"),
        ({"hub": "allow", "alias": "allow"}, {"alias": ("git",)}, "allow"),
        ({"hub": "allow"}, {"alias": ("root",)}, "allow"),
    ):
        policy = changed(host_keys=keys, login=login_of, users=users)
        assert decided(login(SID), AT_HUB, policy=policy).verdict == verdict


def test_a_key_that_is_for_one_thing_does_not_do_the_other() -> None:
    signs = changed(sign_with=(USER.agent_key.fingerprint,), login_with=("other",))
    assert decided(message(), policy=signs).verdict == "allow"
    assert decided(login(SID), AT_HUB, policy=signs).verdict == "deny"
    logs_in = changed(sign_with=(), login_with=("work@laptop",))
    assert decided(message(), policy=logs_in).verdict == "deny"
    assert decided(login(SID), AT_HUB, policy=logs_in).verdict == "allow"


@pytest.mark.parametrize("purpose", ["sign", "login"])
def test_a_key_of_the_broker_s_own_does_what_it_was_made_for(purpose: str) -> None:
    by = replace(USER.agent_key, purpose=purpose)
    can_sign = decided(message(), by=by).verdict == "allow"
    can_log_in = decided(login(SID), AT_HUB, by=by).verdict == "allow"
    assert (can_sign, can_log_in) == (purpose == "sign", purpose == "login")


def test_keys_are_exposed_by_fingerprint_or_whole_comment() -> None:
    keys = [USER.agent_key, AgentKey(key("b").blob, b"work"), AgentKey(key("c").blob, b"")]
    by_print = KeyPolicy(project="p", exposed=(keys[2].fingerprint,))
    assert exposed(keys, by_print) == (keys[2],)
    assert exposed(keys, KeyPolicy(project="p", exposed=("work",))) == (keys[1],)
    assert exposed(keys, KeyPolicy(project="p", exposed=("", "wor", "*"))) == ()


def test_what_is_no_plain_key_is_never_exposed() -> None:
    policy = KeyPolicy(project="p", exposed=("c",))
    certificate = b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com"
    for blob in (certificate, b"", b"\0\0\0\1", b"\0\0\0\3dss"):
        assert exposed([AgentKey(blob, b"c")], policy) == ()


def test_keys_are_hidden_on_the_way_to_a_host_that_is_not_allowed() -> None:
    def hidden(*binds: SessionBind) -> bool:
        session = Session()
        for one in binds:
            session = session.bound(one)
        return why_hidden(POLICY, session) is not None

    assert not hidden()
    assert not hidden(AT_HUB)
    assert not hidden(FROM_VM)
    assert hidden(bind(EVIL, SID))
    assert hidden(bind(key("old"), SID))
    assert hidden(bind(EVIL, SID, is_forwarding=True))
    assert hidden(replace(AT_HUB, signature=b"x"))


def test_a_key_for_signing_is_not_offered_to_hosts() -> None:
    policy = changed(login_with=())
    assert is_listed(policy, USER.agent_key, Session())
    assert not is_listed(policy, USER.agent_key, Session((AT_HUB,)))


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ({"host": "hub", "user": "git"}, "allow"),
        ({"host": "hub", "user": "root"}, "deny"),
        ({"host": "prod", "user": "root"}, "ask"),
        ({"host": "old", "user": "git"}, "deny"),
        ({"host": "keyless", "user": "git"}, "deny"),
        ({"host": "stranger", "user": "git"}, "deny"),
        ({"namespace": "git"}, "allow"),
        ({"namespace": "file"}, "deny"),
    ],
    ids=str,
)
def test_a_request_can_be_explained_before_it_is_made(words: dict[str, str], verdict: str) -> None:
    assert explain(POLICY, USER.agent_key, **words).verdict == verdict


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "-a", "a\0", "a\n", "*", "é", "x" * 65]
)
def test_a_policy_is_for_a_name_that_can_be_a_file_s(name: str) -> None:  # fmt: skip
    with pytest.raises(ValueError, match="a project's name"):
        KeyPolicy(project=name)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"project": name}), type=KeyPolicy)


def test_a_policy_with_an_unknown_field_is_refused() -> None:
    for text in (b'{"project":"p","logins":{}}', b'{"project":"p","unbound":"maybe"}', b"{}"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=KeyPolicy)
