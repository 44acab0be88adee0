from __future__ import annotations

from pathlib import Path

import pytest

from nopal.check_file import check_text
from nopal.errors import ProjectFaults
from nopal.paths import Paths

PATHS = Paths.from_environment({"NOPAL_HOME": "/n"}, is_root=False, home=Path("/h"))


def faults(text: str, *, is_person: bool) -> str:
    with pytest.raises(ProjectFaults) as found:
        check_text(text, Path("/f.toml"), PATHS, is_person=is_person)
    return str(found.value)


def test_a_good_text_of_either_file_passes() -> None:
    check_text("[projects.blog]\ncpus = 2\n", Path("/f"), PATHS, is_person=True)
    check_text('name = "blog"\n', Path("/f"), PATHS, is_person=False)
    check_text("", Path("/f"), PATHS, is_person=False)


def test_every_kind_of_fault_is_found_with_its_line() -> None:
    assert "/f.toml:2" in faults('a = 1\nb = "\n', is_person=True)
    assert "cpuz" in faults("[projects.blog]\ncpuz = 2\n", is_person=True)
    assert "mounts" in faults('name = "b"\nmounts = []\n', is_person=False)
    assert "a--b" in faults('[projects."a--b"]\n', is_person=True)
    assert "-x" in faults('name = "-x"\n', is_person=False)
    assert "UTF-8" in faults('name = "\udcff"\n', is_person=False)
