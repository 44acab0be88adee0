from __future__ import annotations

import base64
import gzip
import json

import pytest
from step_facts import FACTS

from provision import Block, JsonMerge, Line
from provision.steps.json_merge import Default, JsonChange, Union, merge_values

BLOCK = Block("~/.bashrc", "export A=1", marker="node")


def packed(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return base64.b64encode(gzip.compress(data)).decode()


def test_a_block_that_is_there_calls_for_no_change() -> None:
    assert BLOCK.plan("|export A=1\nthere", FACTS) is None


@pytest.mark.parametrize(
    ("state", "summary"),
    [
        ("none", "add the block node in ~/.bashrc"),
        ("|export A=2\nthere", "replace the block node in ~/.bashrc"),
    ],
    ids=["absent", "older"],
)
def test_a_block_says_what_it_does(state: str, summary: str) -> None:
    change = BLOCK.plan(state, FACTS)
    assert change is not None
    assert change.summary == summary


def test_a_block_with_damaged_markers_is_left_to_the_person() -> None:
    change = BLOCK.plan("|x\ndamaged", FACTS)
    assert change is not None
    assert change.script == ""
    assert "# >>> nopal: node >>>" in change.summary


def test_a_block_in_markdown_has_markers_that_are_comments_there() -> None:
    block = Block("~/CLAUDE.md", "x", comment="<!-- {} -->")
    assert block.begin == "<!-- >>> nopal: nopal >>> -->"


def test_a_block_that_holds_its_own_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="its own marker"):
        Block("~/x", "# <<< nopal: nopal <<<")


def test_a_line_that_is_there_alone_calls_for_no_change() -> None:
    assert Line("/etc/x", "A=1", match="^A=").plan("1 0", FACTS) is None


@pytest.mark.parametrize("state", ["0 0", "0 2", "1 1"])
def test_a_line_that_is_missing_or_has_rivals_is_put_right(state: str) -> None:
    assert Line("/etc/x", "A=1", match="^A=").plan(state, FACTS) is not None


def test_two_lines_are_no_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        Line("/etc/x", "a\nb")


def test_a_json_file_that_has_the_values_calls_for_no_change() -> None:
    step = JsonMerge("~/.claude.json", {"a": {"b": 1}})
    assert step.plan(packed('{"z":0,"a":{"c":2,"b":1}}'), FACTS) is None


def test_true_is_not_one() -> None:
    assert JsonMerge("~/x", {"a": True}).plan(packed('{"a": 1}'), FACTS) is not None


def test_other_keys_and_their_order_survive_a_merge() -> None:
    merged = merge_values({"z": 1, "a": {"x": 1}, "k": [1]}, {"a": {"y": 2}, "n": None})
    assert list(merged.items()) == [("z", 1), ("a", {"x": 1, "y": 2}), ("k", [1]), ("n", None)]


def test_a_union_adds_what_is_missing_in_a_list() -> None:
    assert merge_values({"a": ["u", "x"]}, {"a": Union(["x", "y"])}) == {"a": ["u", "x", "y"]}


def test_a_default_yields_to_what_the_user_chose() -> None:
    values = {"a": Default(1), "b": Default({"c": 2})}
    assert merge_values({"a": 9}, values) == {"a": 9, "b": {"c": 2}}


def test_nested_markers_of_a_new_key_are_resolved() -> None:
    assert merge_values({}, {"p": {"allow": Union(["x"])}}) == {"p": {"allow": ["x"]}}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{// hi\n}", "is not valid JSON"),
        ("[]", "holds no JSON object"),
        (b"\xff\xfe{}", "is not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=["comment", "list", "not utf-8", "deep"],
)
def test_a_file_that_is_no_json_object_is_refused_and_never_overwritten(
    content: str | bytes, why: str
) -> None:
    change = JsonMerge("~/x.json", {"a": 1}).plan(packed(content), FACTS)
    assert change is not None
    assert change.script == ""
    assert why in change.summary


def test_a_file_that_is_too_large_for_settings_is_left_alone() -> None:
    change = JsonMerge("~/x.json", {"a": 1}).plan("large", FACTS)
    assert change is not None
    assert change.script == ""


@pytest.mark.parametrize("state", ["absent", packed(""), packed(" \n")])
def test_an_absent_or_empty_file_gets_the_values_alone(state: str) -> None:
    change = JsonMerge("~/x.json", {"a": "é"}).plan(state, FACTS)
    assert change is not None
    assert 'printf %s \'{\n  "a": "é"\n}\n\'' in change.script


def test_the_diff_of_json_shows_nothing_but_the_changed_keys() -> None:
    change = JsonMerge("~/x.json", {"a": 2}).plan(packed('{"token":"SECRET","a":1}'), FACTS)
    assert change is not None
    assert "SECRET" not in change.diff
    assert '+  "a": 2' in change.diff


def test_two_merges_into_one_file_become_one_write_of_both() -> None:
    steps = [JsonMerge("~/x", {"p": {"a": 1}}), JsonMerge("~/x", {"p": {"b": 2}})]
    changes = [step.plan(packed('{"k": 0}'), FACTS) for step in steps]
    assert all(isinstance(change, JsonChange) for change in changes)
    merged = JsonMerge.merge(steps, [change for change in changes if change])
    assert merged is not None
    wanted = json.dumps({"k": 0, "p": {"a": 1, "b": 2}}, indent=2)
    assert f"printf %s '{wanted}\n'" in merged.script
    assert merged.script.count("mv -fT") == 1


def test_merges_of_different_keys_into_one_file_have_different_ids() -> None:
    ids = {JsonMerge("~/x", {"projects": {p: {"t": True}}}).id for p in ("/a" * 40, "/b" * 40)}
    assert len(ids) == 2
