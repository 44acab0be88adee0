from __future__ import annotations

from pathlib import Path

import pytest

from nopal.terminal import term_and_terminfo
from nopal.timezone import host_timezone


def test_the_link_of_localtime_names_the_zone(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/var/db/timezone/zoneinfo/Europe/Madrid")
    assert host_timezone(tmp_path) == "Europe/Madrid"


def test_a_debian_without_a_link_has_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/timezone").write_text("America/New_York\n")
    assert host_timezone(tmp_path) == "America/New_York"


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "A B", "-x", "a\nb: c"])
def test_what_is_no_zone_becomes_utc(tmp_path: Path, text: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/timezone").write_text(text)
    assert host_timezone(tmp_path) == "Etc/UTC"


@pytest.mark.parametrize("term", ["", "dumb", "-x", "a;b", "$(id)"])
def test_what_is_no_terminal_is_not_passed_on(term: str) -> None:
    assert term_and_terminfo({"TERM": term}) == ("", "")
