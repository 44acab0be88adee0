from __future__ import annotations

import hashlib

from guard.keys.audit import Entry
from guard.keys.control import Explanation, OpenQuestion, ProjectStatus, ShownKey, Status
from guard.keys.policy import KeyPolicy
from guard.public_key import PublicKey
from nopal.key_audit import audit, digests
from nopal.key_listing import (
    entries_text,
    explanations_text,
    pending_text,
    policy_text,
    status_text,
)

KEY = PublicKey("ssh-ed25519", "AAAA", "work@laptop")
COMMIT = b"tree 1\nauthor a\ncommitter c\n"
SIGNATURE = b"gpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END SSH SIGNATURE-----\n"


def test_a_policy_is_shown_with_what_each_key_is_for() -> None:
    policy = KeyPolicy(
        project="blog",
        exposed=(KEY.fingerprint, "deploy"),
        sign_with=(KEY.fingerprint,),
        login_with=("deploy",),
        sign={"git": "allow"},
        login={"github.com": "ask", "other.example.org": "allow"},
        users={"github.com": ("git",), "other.example.org": ("ann",)},
        host_keys={"github.com": ("ssh-ed25519 AAAA",)},
    )
    shown = policy_text(policy, [KEY], "always").splitlines()
    assert shown[0].split(maxsplit=1)[1] == f"{KEY.fingerprint} work@laptop: signs"
    assert shown[1].split(maxsplit=1)[1] == "deploy: logs in"
    assert "github.com as git: ask" in shown[3]
    assert "its host key is not known here" in shown[4]


def test_a_machine_without_keys_is_told_apart_from_one_without_a_broker() -> None:
    assert "while = never" in policy_text(None, [], "never")


def test_a_decision_is_one_line_with_those_that_were_left_out() -> None:
    entry = Entry(
        time="2026-01-02T03:04:05.678+00:00",
        project="blog",
        kind="login",
        target="git@github.com",
        verdict="refused",
        reason="no",
        repeated=7,
    )
    assert entries_text([entry]).split("  ") == [
        "2026-01-02 03:04:05",
        "blog",
        "login",
        "git@github.com",
        "refused",
        "no (and 7 more)",
    ]
    assert entries_text([]) == ""


def test_the_brokers_state_names_machines_keys_and_faults() -> None:
    key = ShownKey("SHA256:x", "work@laptop")
    own = ShownKey("SHA256:y", "", is_own=True)
    paused = ProjectStatus("blog", "/s", True, 1, 2, 3, (key, own))
    broken = ProjectStatus("shop", "/t", False, 0, 0, 0, (), "no answer")
    text = status_text(Status(7, False, (paused, broken), "/log"))
    assert "broker 7; log: /log" in text
    assert "paused" in text
    assert "work@laptop, SHA256:y (the project's own)" in text
    assert "no answer" in text


def test_questions_and_explanations_have_a_line_each() -> None:
    assert pending_text([OpenQuestion(3, "blog", "May it?", 100.0)], 104.2) == "3  4 s  May it?"
    assert pending_text([], 0) == "nothing is asked"
    found = [Explanation(ShownKey("SHA256:x", "work"), "deny", "no allowed host")]
    assert explanations_text(found) == "work  deny  no allowed host"
    assert "sees no key" in explanations_text([])


def test_a_commit_is_known_by_the_digest_of_what_was_signed() -> None:
    signed = COMMIT + SIGNATURE + b"\nmessage\n"
    plain = COMMIT + b"\nmessage\n"
    assert f"sha512:{hashlib.sha512(plain).hexdigest()}" in digests(b"commit", signed)
    assert digests(b"commit", plain) == ()


def test_a_message_that_looks_like_a_signature_is_part_of_the_commit() -> None:
    plain = COMMIT + b"\ngpgsig is a header\n x\n"
    signed = COMMIT + SIGNATURE + b"\ngpgsig is a header\n x\n"
    assert f"sha256:{hashlib.sha256(plain).hexdigest()}" in digests(b"commit", signed)


def test_a_tag_is_signed_up_to_its_signature() -> None:
    plain = b"object 1\ntype commit\n\nv1\n"
    signed = plain + b"-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n"
    assert f"sha512:{hashlib.sha512(plain).hexdigest()}" in digests(b"tag", signed)
    assert digests(b"tag", plain) == ()


def test_only_signatures_for_git_are_audited() -> None:
    entries = [
        Entry(time="1", kind="sign", target="git", verdict="signed", digest="sha512:a"),
        Entry(time="2", kind="sign", target="git", verdict="signed", digest="sha512:b"),
        Entry(time="3", kind="sign", target="git", verdict="refused", digest="sha512:c"),
        Entry(time="4", kind="login", target="git@h", verdict="signed"),
    ]
    found = audit(entries, {"sha512:a": "commit 1 of h"})
    assert [(one.entry.time, one.object) for one in found] == [("1", "commit 1 of h"), ("2", "")]
