from __future__ import annotations

from nopal.status.section import Section, as_data, as_text


def test_each_section_stands_beside_its_name() -> None:
    sections = (
        Section("state", ("running",), "running"),
        Section("profiles", ("docker", "node 24.1.0"), ["docker", "node"]),
    )
    assert as_text(sections) == "state     running\nprofiles  docker\n          node 24.1.0"


def test_what_a_guest_says_cannot_rule_the_terminal() -> None:
    assert as_text((Section("disk", ("full\x1b[2J\rok",)),)) == "disk  full [2J ok"


def test_the_json_has_the_data_by_name() -> None:
    assert as_data("blog", (Section("disk", ("half",), {"free": 1}),)) == {
        "machine": "blog",
        "disk": {"free": 1},
    }
