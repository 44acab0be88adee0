"""Programs that the host's side starts must be there, and mean the same, on Linux and macOS."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
ROOMS = ("nopal", "lima", "guard")
# Their flags differ, or macOS has none of that name.
ONLY_LINUX = {"date", "df", "du", "free", "getent", "ip", "lsblk", "nproc", "readlink", "ss"} | {
    "sed",
    "stat",
    "timeout",
    "xargs",
}
_BY_SYSTEM = {"lima/disk_files.py"}
"""These choose the flags by the system."""


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield file and words of every literal list or tuple of text in the host's rooms."""
    for room in ROOMS:
        for path in sorted((CHECKOUT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1:
                    words = [
                        one.value if isinstance(one, ast.Constant) else "" for one in node.elts
                    ]
                    if isinstance(words[0], str) and words[0]:
                        name = str(path.relative_to(CHECKOUT))
                        yield name, [word for word in words if isinstance(word, str)]


def test_no_program_is_started_that_only_linux_has() -> None:
    assert [(file, words) for file, words in commands() if words[0] in ONLY_LINUX] == []


def test_ps_is_asked_for_one_column_by_each_flag() -> None:
    asked = [(file, words) for file, words in commands() if words[0] == "ps"]
    assert asked
    assert [one for one in asked if any("=," in word for word in one[1])] == []


def test_a_disk_is_copied_by_the_flags_of_each_system() -> None:
    assert {file for file, words in commands() if words[0] == "cp"} <= _BY_SYSTEM
