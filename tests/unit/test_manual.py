from __future__ import annotations

from pathlib import Path

import pytest

from nopal.manual import NoSuchTopic, as_plain_text, find_topic, listed, manual, topics
from nopal.tasks.manual import help_task

PAGE = """\
# Page

## One thing

See [below](#part-one) and [elsewhere](other.md#x), [site](https://example.com).

```sh
## no heading
```

### Part `one`

Inner.

## Another
"""


def test_the_manual_that_comes_with_nopal_is_the_one_of_the_docs() -> None:
    docs = Path(__file__).parents[2] / "docs/manual.md"
    assert manual() == docs.read_text(encoding="utf-8")
    assert len(topics(manual())) > 20


def test_a_section_holds_its_parts_and_each_part_stands_alone() -> None:
    one, part, another = topics(PAGE)
    assert (one.name, part.name, another.name) == ("one-thing", "part-one", "another")
    assert "Inner." in one.text
    assert part.text.strip() == "Inner."
    assert (one.is_part, part.is_part) == (False, True)
    assert listed((one, part)) == "one-thing   One thing\n  part-one  Part `one`"


@pytest.mark.parametrize("asked", ["one-thing", "One thing", "one", "thing"])
def test_a_word_of_the_name_is_enough(asked: str) -> None:
    assert find_topic(asked, topics(PAGE)).name == "one-thing"


def test_what_fits_several_or_none_names_those_that_are_near() -> None:
    with pytest.raises(NoSuchTopic) as several:
        find_topic("n", topics(PAGE))
    assert set(several.value.nearest) == {"one-thing", "part-one", "another"}
    with pytest.raises(NoSuchTopic) as none:
        find_topic("anotter", topics(PAGE))
    assert list(none.value.nearest) == ["another"]
    assert "nopal --help VERB" in str(none.value)


def test_a_section_is_plain_text_in_the_width_there_is() -> None:
    text = as_plain_text(topics(PAGE)[0], 40)
    assert text.startswith("ONE THING\n")
    assert "help part-one" in text
    assert "elsewhere, site" in text
    assert "PART ONE" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 40


def test_every_section_of_the_manual_can_be_shown() -> None:
    for topic in topics(manual()):
        assert topic.title.replace("`", "").upper()[:10] in as_plain_text(topic, 80)


@pytest.mark.parametrize(
    ("words", "takes_topic"),
    [(["help"], False), (["help", "up"], True), (["help", "--help"], False), (["up"], False)],
)
def test_a_topic_is_read_where_a_word_follows(words: list[str], takes_topic: bool) -> None:
    names = [argument.name for argument in help_task(words).get_arguments()]
    assert names == (["topic"] if takes_topic else [])
