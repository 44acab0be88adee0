from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nopal.own_block import Block, BlockUnclear

FILE = Path("/home/ann/.ssh/config")
BLOCK = Block("nopal undo", ["Include x"])
TEXTS = ["", "Host a\n", "Host a", "\nHost a\n\n", "Host a\r\n  User b\r\n"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("on_top", [True, False])
def test_what_is_put_in_and_taken_out_leaves_the_text_as_it_was(text: str, on_top: bool) -> None:
    put = BLOCK.put_into(text, FILE, on_top=on_top)
    assert BLOCK.is_in(put)
    assert BLOCK.take_out(put, FILE).rstrip("\n") == text.rstrip("\n")


@given(text=st.text(alphabet="ab# >\n\r\x85\u2028"), on_top=st.booleans())
def test_no_line_of_the_person_is_ever_lost(text: str, on_top: bool) -> None:
    out = BLOCK.take_out(BLOCK.put_into(text, FILE, on_top=on_top), FILE)
    assert out.strip("\n") == text.strip("\n")


def test_an_older_block_is_replaced_where_it_stands() -> None:
    old = Block("nopal undo", ["Include older"]).put_into("Host a\n", FILE) + "Host b\n"
    new = BLOCK.put_into(old, FILE, on_top=True)
    assert new == old.replace("Include older", "Include x")
    assert not BLOCK.is_in(old)


@pytest.mark.parametrize(
    "text",
    [BLOCK.begin + "\n", BLOCK.end + "\n", BLOCK.text + BLOCK.text, f"{BLOCK.end}\n{BLOCK.begin}"],
)
def test_marks_that_enclose_no_single_block_are_left_to_the_person(text: str) -> None:
    with pytest.raises(BlockUnclear) as refused:
        BLOCK.put_into(text, FILE)
    assert "by hand" in str(refused.value)
    with pytest.raises(BlockUnclear):
        BLOCK.take_out(text, FILE)
