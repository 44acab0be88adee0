"""The line finder: each key of any TOML text is found where it stands."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nopal.toml_lines import KeyPath, find_lines, nearest_line

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


BARE = st.text("abcXYZ019_-", min_size=1, max_size=6)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
SCALAR = st.one_of(
    st.integers(-(2**40), 2**40).map(str),
    st.booleans().map(lambda one: "true" if one else "false"),
    st.sampled_from(["1979-05-27 07:32:00", "1979-05-27T07:32:00Z", "6.5e3", "inf", "0xff"]),
    ANY_TEXT.map(quoted),
    ANY_TEXT.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'"),
    st.sampled_from(
        [
            '"""\n[not.a.table]\nx = 1 # "quoted" \\""""',
            "'''\n# no comment\na = \"b\"'''",
            '"""two quotes at the end"""""',
            "'''one at the end''''",
            '"# no comment"',
            r'"\\"',
            '""',
            "''",
        ]
    ),
)
FILLER = st.sampled_from(["", "\n", "# [a] comment = 1\n", "\n\t# \"\"\" '''\n\n"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.sampled_from(["scalar", "array", "table"] if depth else ["scalar"]))
    if kind == "scalar":
        scalar: str = draw(SCALAR)
        return scalar
    inner = draw(st.lists(values(depth - 1), max_size=3))
    if kind == "array":
        gap = draw(st.sampled_from(["", " ", "\n", " # ] comment\n  "]))
        return f"[{gap}{f'{gap},{gap}'.join(inner)}{gap}]"
    keys = draw(st.lists(keys_in_toml(), min_size=len(inner), max_size=len(inner), unique=True))
    return "{" + ", ".join(f"{key} = {value}" for key, value in zip(keys, inner, strict=True)) + "}"


@st.composite
def keys_in_toml(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.one_of(BARE, ANY_TEXT.map(quoted)), min_size=1, max_size=3))
    dot: str = draw(st.sampled_from([".", " . "]))
    return dot.join(parts)


@st.composite
def documents(draw: st.DrawFn) -> str:
    text = ""
    for _ in range(draw(st.integers(0, 6))):
        text += draw(FILLER)
        key = draw(keys_in_toml())
        form = draw(st.sampled_from(["pair", "pair", "table", "array"]))
        if form == "pair":
            text += f"{key} = {draw(values())}\n"
        else:
            text += f"[{key}]\n" if form == "table" else f"[[ {key} ]] # comment\n"
    return text


def all_paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [one for key, child in items for one in [(*path, key), *all_paths(child, (*path, key))]]


@given(text=documents())
def test_every_key_and_element_of_a_valid_text_has_a_line_and_nothing_else_has(text: str) -> None:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # keys were given twice
    lines = find_lines(text)
    assert set(lines) == set(all_paths(tables))


@given(
    before=st.lists(
        st.tuples(st.text("pqr", min_size=1, max_size=5), values()),
        max_size=4,
        unique_by=lambda pair: pair[0],
    ),
    fillers=st.lists(FILLER, min_size=5, max_size=5),
    key=st.one_of(BARE, ANY_TEXT.map(quoted)),
    form=st.sampled_from(["{key} = 1", "[{key}]", "[[{key}]]", "{key}.inner = 1", "[ {key} . x ]"]),
)
def test_a_key_is_found_on_the_line_on_which_it_was_written(
    before: list[tuple[str, str]], fillers: list[str], key: str, form: str
) -> None:
    text = "".join(
        f"{filler}{name} = {value}\n"
        for filler, (name, value) in zip(fillers, before, strict=False)
    )
    text += fillers[-1]
    line = text.count("\n") + 1
    text += form.format(key=key)
    try:
        name = list(tomllib.loads(text))[-1]
    except tomllib.TOMLDecodeError:
        return
    if name in dict(before):
        return
    assert find_lines(text)[(name,)] == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("defaults",), 2),
        (("defaults", "cpus"), 3),
        (("projects",), 5),
        (("projects", "a.b"), 5),
        (("projects", "a.b", "repos"), 6),
        (("projects", "a.b", "repos", 0), 7),
        (("projects", "a.b", "repos", 1, "url"), 8),
        (("projects", "a.b", "git", "name"), 10),
        (("projects", "c", "options", "docker", "source"), 13),
        (("projects", "c", "list", 0, "x"), 15),
        (("projects", "c", "list", 1, "x"), 17),
        (("projects", "c", "list", 1, "y", "z"), 19),
    ],
    ids=str,
)
def test_keys_are_found_in_all_forms_of_toml(path: KeyPath, line: int) -> None:
    text = """# comment
[defaults]
cpus = 2

[projects."a.b"]
repos = [
  "x", # first
  { url = "y" },
]
git.name = "n"

[projects.c.options.docker]
source = "debian"
[[projects.c.list]]
x = 1
[[projects.c.list]]
x = 2
[projects.c.list.y]
z = 3
"""
    assert find_lines(text)[path] == line


def test_an_absent_key_is_placed_at_the_table_around_it() -> None:
    lines = find_lines("a = 1\n[b]\n")
    assert nearest_line(lines, ("b", "missing")) == 2
    assert nearest_line(lines, ("missing",)) is None
