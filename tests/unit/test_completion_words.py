"""Which value a word of the command line is, and what it may be."""

from __future__ import annotations

import pytest
from invoke.parser import Parser

from nopal.completion_words import Wanted, candidates
from nopal.tasks import ns
from nopal.tasks.completion import value_wanted

PARSER = Parser(contexts=ns.to_contexts())


@pytest.mark.parametrize(
    ("words", "verb", "kind", "current"),
    [
        (["up", "-p", ""], "up", "projects", ""),
        (["up", "-p", "bl"], "up", "projects", "bl"),
        (["up", "--project", "=", "bl"], "up", "projects", "bl"),
        (["up", "--project", "="], "up", "projects", ""),
        (["up", "--project=bl"], "up", "projects", "--project=bl"),
        (["docker.install", "-p", "b"], "docker.install", "projects", "b"),
        (["provision", "--only", ""], "provision", "profiles", ""),
        (["claude", "--name", ""], "claude.start", "sessions", ""),
        (["rewind", "--name", ""], "rewind", "checkpoints", ""),
        (["checkpoint", "--delete", ""], "checkpoint", "checkpoints", ""),
        (["cp", ""], "cp", "machines", ""),
        (["cp", "blog:x", ""], "cp", "machines", ""),
        (["agent", "cl"], "agent", "agents", "cl"),
        (["completion", "--shell", ""], "completion", "shells", ""),
        (["ssh", "--dir", ""], "ssh", "", ""),
    ],
)
def test_a_value_is_known_by_its_verb_and_flag(
    words: list[str], verb: str, kind: str, current: str
) -> None:
    wanted = value_wanted(words, PARSER)
    assert wanted is not None
    assert (wanted.verb, wanted.kind, wanted.current) == (verb, kind, current)


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["u"],
        ["up", ""],
        ["up", "--pro"],
        ["up", "--yes", ""],
        ["no-such", ""],
        ["-r", ""],
    ],
)
def test_verbs_and_flags_are_left_to_invoke(words: list[str]) -> None:
    assert value_wanted(words, PARSER) is None


def test_the_project_that_was_named_before_says_whose_sessions_are_meant() -> None:
    wanted = value_wanted(["claude", "-p", "blog", "--name", ""], PARSER)
    assert wanted is not None
    assert wanted.project == "blog"


def test_what_stands_before_in_the_same_word_stays() -> None:
    found = {"projects": lambda: ["shop", "blog"], "profiles": lambda: ["go"]}
    for typed, begins in (("", ""), ("b", ""), ("--project=b", "--project="), ("a,b", "a,")):
        wanted = Wanted("up", "project", typed)
        assert candidates(wanted, found) == [f"{begins}blog", f"{begins}shop"]


def test_nothing_that_a_shell_would_expand_is_offered() -> None:
    odd = ["good", "$(reboot)", "a b", "`x`", "-rf", "a;b", "", "a\nb", "blog:"]
    assert candidates(Wanted("up", "project", ""), {"projects": lambda: odd}) == ["blog:", "good"]
    assert candidates(Wanted("ssh", "dir", ""), {}) == []
