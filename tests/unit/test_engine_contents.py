from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from step_facts import FACTS

from provision import (
    Apt,
    AptRepository,
    Block,
    File,
    FirstOf,
    Line,
    Link,
    Rewrite,
    Step,
    Template,
    Unit,
)
from provision.contents import LIMIT, Content, show
from provision.diff import unified
from provision.plan import plan
from provision.probe import Answer
from provision.step import Edit

OLD = "f\n644 root root\n" + "0" * 64
"""What a file of another content looks like."""


@dataclass
class Guest:
    """Says what each file holds, and keeps what it was asked."""

    content: bytes = b"old\n"
    asked: list[str] = field(default_factory=list)

    def ask(self, title: str, steps: Sequence[Step]) -> Answer:
        self.asked += [step.id for step in steps]
        state = "=" + base64.b64encode(self.content).decode()
        return Answer(FACTS, {step.id: state for step in steps})


def shown(step: Step, guest: Guest, state: str = OLD) -> str:
    wanted = plan([step], {step.id: state}, FACTS)
    return show(wanted, [step], guest.ask).changes[step.id].diff


def test_a_file_of_another_content_is_shown_as_it_would_change() -> None:
    guest = Guest()
    assert shown(File("/etc/motd", "new\n"), guest) == (
        "--- /etc/motd\n+++ /etc/motd\n@@ -1 +1 @@\n-old\n+new\n"
    )
    assert guest.asked == ["content:file:/etc/motd /etc/motd"]


def edited(old: str | None, new: str) -> str:
    """Return what a guest says of a file and of what it would hold."""
    first, second = (base64.b64encode(text.encode()).decode() for text in (old or "", new))
    return f"{'-' if old is None else f'={first}'} {second}"


@pytest.mark.parametrize(
    ("old", "diff"),
    [
        ("# SECRET=1\na\nb\n", "--- /etc/x\n+++ /etc/x\n@@ -2 +2 @@\n-a\n+new\n"),
        (None, "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,3 @@\n+# SECRET=1\n+new\n+b\n"),
    ],
    ids=["there", "absent"],
)
def test_of_an_edited_file_only_the_changed_lines_are_shown(old: str | None, diff: str) -> None:
    content = Content("line:x", Edit("/etc/x", "cat"))
    assert content.diff(edited(old, "# SECRET=1\nnew\nb\n")) == diff


@pytest.mark.parametrize("state", ["", " ", "=!! YQ==", "=YQ== !!", "=YQ==", "=/w== YQ=="])
def test_an_edit_that_cannot_be_read_is_not_shown(state: str) -> None:
    assert "+" not in Content("line:x", Edit("/etc/x", "cat")).diff(state).partition("@@")[2]


REPOSITORY = AptRepository(
    "tool", uris=("https://x/",), key_url="https://x/key", key_fingerprints=("A" * 40,)
)


def test_a_repository_is_shown_new_or_as_it_would_change() -> None:
    source = REPOSITORY.content(FACTS)
    new = shown(REPOSITORY, Guest(), "")
    assert new.startswith("--- /dev/null\n+++ /etc/apt/sources.list.d/tool.sources\n@@")
    changed = shown(REPOSITORY, Guest(source.replace("https://x/", "https://y/").encode()), OLD)
    assert "-URIs: https://y/\n+URIs: https://x/\n" in changed
    digest = hashlib.sha256(source.encode()).hexdigest()
    assert shown(REPOSITORY, Guest(), f"{digest}  -") == ""


@pytest.mark.parametrize(
    "step",
    [
        Template("/etc/motd", "{{ word }}\n", {"word": "new"}),
        Unit("a.service", "new\n"),
    ],
    ids=["template", "unit"],
)
def test_kinds_that_come_to_a_file_are_shown_too(step: Step) -> None:
    assert "-old\n+new\n" in shown(step, Guest())


def test_a_file_in_an_alternative_is_shown_unless_root_would_look_for_the_login_user() -> None:
    state = "\n".join(base64.b64encode(each.encode()).decode() for each in (OLD, ""))
    ways = FirstOf("x", File("/etc/motd", "new\n"), Apt("motd"))
    assert "-old\n+new\n" in shown(ways, Guest(), state)
    mixed = FirstOf("x", File("~/motd", "new\n"), Apt("motd"))
    assert shown(mixed, Guest(), state) == ""


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (File("/etc/x", "new\n", sensitive=True), OLD),
        (Template("/etc/x", "new\n", sensitive=True), OLD),
        (File("/etc/x", b"new\n"), OLD),
        (File("/etc/x", "new\n"), "-"),
        (File("/etc/x", "new\n"), "l\n777 root root"),
        (File("/etc/x", "new\n"), "u\n600 root root"),
        (Link("/etc/x", "/y"), "-"),
        (Block("/etc/x", "new\n", sensitive=True), "none"),
        (Line("/etc/x", "new", match="^n", sensitive=True), "0 0"),
    ],
    ids=[
        "sensitive",
        "sensitive template",
        "bytes",
        "absent",
        "link",
        "unreadable",
        "no file",
        "sensitive block",
        "sensitive line",
    ],
)
def test_nothing_is_fetched_where_there_is_nothing_to_show(step: Step, state: str) -> None:
    guest = Guest()
    shown(step, guest, state)
    assert guest.asked == []


def test_a_file_of_another_mode_alone_is_not_fetched() -> None:
    step = File("/etc/x", "")
    guest = Guest()
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert shown(step, guest, f"f\n600 root root\n{digest}") == ""
    assert guest.asked == []


@pytest.mark.parametrize(
    "content", [b"\xff\n", b"a\x00b", b"\x1b]0;title\x07"], ids=["latin", "NUL", "escape"]
)
def test_what_a_terminal_should_not_get_is_not_shown(content: bytes) -> None:
    assert shown(File("/etc/x", "new\n"), Guest(content)) == ""


@pytest.mark.parametrize("state", ["", "=%%%"])
def test_a_file_that_was_not_given_is_not_shown(state: str) -> None:
    assert Content("file:/x", Rewrite("/x", "new\n")).diff(state) == ""


def test_a_file_is_looked_at_by_who_would_write_it_and_never_kept_in_the_log() -> None:
    users: list[tuple[str, bool]] = []

    def ask(title: str, steps: Sequence[Step]) -> Answer:
        users.extend((step.run_as, type(step).keeps_state_in_log) for step in steps)
        return Answer(FACTS, {})

    steps = [File("/etc/x", "new\n"), File("~/x", "new\n")]
    show(plan(steps, {step.id: OLD for step in steps}, FACTS), steps, ask)
    assert users == [("root", False), ("login", False)]


def test_large_files_and_links_are_not_read() -> None:
    probe = Content("file:/a b", Rewrite("/a b", "")).probe()
    assert probe == (
        "if [ ! -L '/a b' ] && [ -f '/a b' ] && [ -r '/a b' ] &&"
        f""" [ "$(wc -c <'/a b')" -le {LIMIT} ]; then printf '='; base64 -w 0 <'/a b'; fi"""
    )


def test_a_missing_newline_at_the_end_is_told() -> None:
    assert unified("/x", "a\nb", "a\nc\n") == (
        "--- /x\n+++ /x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
    )


def test_a_line_ends_only_with_a_newline() -> None:
    assert unified("/x", None, "a\x0cb\u2028c\n").endswith("@@ -0,0 +1 @@\n+a\x0cb\u2028c\n")
