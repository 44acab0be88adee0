from __future__ import annotations

import pytest

from provision import Block, Check, File, FirstOf, JsonMerge, Step, Template
from provision.digest import digest

PAIRS: list[tuple[Step, Step]] = [
    (File("/a", "one"), File("/a", "two")),
    (File("/a", "one"), File("/a", b"one")),
    (File("/a", "one"), File("/b", "one")),
    (File("/a", "one"), File("/a", "one", mode="0600")),
    (Block("/a", "one"), Block("/a", "two")),
    (Block("/a", "one"), File("/a", "one")),
    (JsonMerge("/a", values={"a": [1]}), JsonMerge("/a", values={"a": [2]})),
    (Template("/a", "{{ b }}", {"b": 1}), Template("/a", "{{ b }}", {"b": 2})),
    (FirstOf("a", File("/a", "one")), FirstOf("a", File("/a", "two"))),
    (Check("true"), Check("true", tags=("base",))),
]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda step: step.id)
def test_whatever_a_step_holds_tells_it_from_another(first: Step, second: Step) -> None:
    assert digest([first]) != digest([second])
    assert digest([first]) == digest([first])
    assert digest([first, second]) != digest([second, first])


def test_a_content_is_told_from_its_repetition() -> None:
    assert digest([File("/a", "one")]) != digest([File("/a", "one"), File("/a", "one")])
    assert digest([]) != digest([File("/a", "one")])
