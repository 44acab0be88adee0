from __future__ import annotations

import pytest

from nopal.copying.ends import End, Nameless, NotOneMachine, in_home, read_ends


def test_what_stands_before_a_colon_is_a_project() -> None:
    copy = read_ends("blog:code/x", ".")
    assert (copy.source, copy.dest) == (End("code/x", "blog"), End("."))
    assert copy.project == "blog"
    assert read_ends("x", ":code/").project == ""


@pytest.mark.parametrize("path", ["./a:b", "/tmp/a:b", "notes"])
def test_a_colon_behind_a_slash_is_part_of_a_name_here(path: str) -> None:
    assert read_ends(path, "blog:").source == End(path)


@pytest.mark.parametrize(("source", "dest"), [("a", "b"), ("blog:a", "shop:b"), (":a", ":b")])
def test_exactly_one_end_is_in_a_machine(source: str, dest: str) -> None:
    with pytest.raises(NotOneMachine):
        read_ends(source, dest)


@pytest.mark.parametrize("path", ["", "/", ".", "..", "~", "code/.", "code/..", "~/"])
def test_a_path_that_names_nothing_gives_no_name(path: str) -> None:
    with pytest.raises(Nameless):
        assert End(path).name


def test_a_name_is_the_last_part_with_or_without_a_slash() -> None:
    assert [End(path).name for path in ("code/x", "code/x/", "x", "/x")] == ["x"] * 4


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("code/x", "~/code/x"), ("/srv", "/srv"), ("~/a", "~/a"), ("", "~/."), ("~", "~/.")],
)
def test_a_path_in_a_machine_counts_from_its_home(typed: str, meant: str) -> None:
    assert in_home(typed) == meant
