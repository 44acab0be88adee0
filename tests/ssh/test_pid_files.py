"""Files with the numbers of processes, of which some are somebody else's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lima.pid_files import forget_foreign, is_tended


@pytest.fixture
def started() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def sleeper(stack: ExitStack, *words: str) -> int:
    """Start a process with `words` in its command line; return its number."""
    code = "import time; print(flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE)
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stdout is not None
    stack.callback(process.stdout.close)
    process.stdout.readline()
    return process.pid


def test_only_files_of_foreign_processes_go(tmp_path: Path, started: ExitStack) -> None:
    folder = tmp_path / "blog"
    folder.mkdir()
    own = sleeper(started, "hostagent", "--pidfile", f"{folder}/ha.pid", "blog")
    other = sleeper(started, f"{tmp_path}/blog-2/ha.pid")
    (folder / "ha.pid").write_text(f"{own}\n")
    (folder / "qemu.pid").write_text(f"{other}\n")
    assert forget_foreign(folder) == ("qemu.pid",)
    assert [path.name for path in folder.iterdir()] == ["ha.pid"]
    assert is_tended(folder)


@pytest.mark.parametrize("text", ["", "0", "-1", "1", "x", "99999999999999999999999"])
def test_a_number_that_is_none_goes(tmp_path: Path, text: str) -> None:
    (tmp_path / "ha.pid").write_text(text)
    assert not is_tended(tmp_path)
    assert forget_foreign(tmp_path) == ("ha.pid",)
    assert forget_foreign(tmp_path) == ()


def test_a_link_is_not_followed(tmp_path: Path, started: ExitStack) -> None:
    folder = tmp_path / "blog"
    folder.mkdir()
    (tmp_path / "elsewhere").write_text(str(sleeper(started, f"{folder}/")))
    (folder / "ha.pid").symlink_to(tmp_path / "elsewhere")
    assert not is_tended(folder)
    assert forget_foreign(folder) == ("ha.pid",)
    assert (tmp_path / "elsewhere").exists()
