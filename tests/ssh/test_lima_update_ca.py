"""The image's `update-ca-certificates`, run by a real sh over a small tree of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lima.image_files import FILES, UPDATE_CA_PATH

REAL = """\
#!/bin/sh
echo "$@" >>ROOT/calls
cat ROOT/usr/share/ca-certificates/*.crt ROOT/usr/local/share/ca-certificates/*.crt \
  >ROOT/etc/ssl/certs/ca-certificates.crt 2>/dev/null
true
"""


class Tree:
    """A root directory with authorities and the real program replaced by one that counts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in (
            *("etc/ssl/certs", "etc/ca-certificates/update.d", "usr/sbin", "var/lib"),
            *("usr/share/ca-certificates", "usr/local/share/ca-certificates"),
        ):
            (root / folder).mkdir(parents=True)
        (root / "etc/ca-certificates.conf").write_text("a.crt\n", encoding="utf-8")
        (root / "usr/share/ca-certificates/a.crt").write_text("A\n", encoding="utf-8")
        self._program("usr/sbin/update-ca-certificates", REAL.replace("ROOT", str(root)))
        text = FILES[UPDATE_CA_PATH]
        for top in ("/etc/", "/usr/", "/var/"):
            text = text.replace(top, f"{root}{top}")
        self._program("update", text)

    def add(self, name: str, text: str) -> None:
        path = self.root / "usr/local/share/ca-certificates" / name
        path.write_text(text, encoding="utf-8")

    def update(self, *arguments: str) -> None:
        subprocess.run((str(self.root / "update"), *arguments), check=True)

    @property
    def calls(self) -> int:
        """How often the real program was called."""
        calls = self.root / "calls"
        return len(calls.read_text(encoding="utf-8").splitlines()) if calls.exists() else 0

    @property
    def bundle(self) -> str:
        return (self.root / "etc/ssl/certs/ca-certificates.crt").read_text(encoding="utf-8")

    def _program(self, name: str, text: str) -> None:
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    tree.update()
    return tree


def test_the_first_time_everything_is_made_anew(tree: Tree) -> None:
    assert tree.calls == 1
    assert tree.bundle == "A\n"


def test_nothing_is_done_when_nothing_has_changed(tree: Tree) -> None:
    tree.update()
    assert tree.calls == 1


def test_added_certificates_are_appended_and_linked(tree: Tree) -> None:
    tree.add("b.crt", "B")
    tree.add("c.crt", "C\n")
    tree.update()
    tree.update()
    assert tree.calls == 1
    assert sorted(tree.bundle.splitlines()) == ["A", "B", "C"]
    assert (tree.root / "etc/ssl/certs/b.pem").resolve().name == "b.crt"


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.add("b c.crt", "B\n"),
        lambda tree: tree.add("notes.txt", "no certificate\n"),
        lambda tree: (tree.root / "usr/share/ca-certificates/a.crt").unlink(),
        lambda tree: (tree.root / "etc/ca-certificates.conf").write_text("!a.crt\n"),
        lambda tree: (tree.root / "usr/share/ca-certificates/z.crt").write_text("Z\n"),
        lambda tree: (tree.root / "etc/ssl/certs/ca-certificates.crt").unlink(),
        lambda tree: (
            (tree.root / "etc/ca-certificates/update.d/java").touch(),
            tree.add("b.crt", "B\n"),
        ),
    ],
    ids=["odd name", "odd file", "removed", "configured", "distribution", "no bundle", "a hook"],
)
def test_any_other_change_is_left_to_the_real_program(
    tree: Tree, change: Callable[[Tree], object]
) -> None:
    change(tree)
    tree.update()
    assert tree.calls == 2


def test_arguments_go_to_the_real_program(tree: Tree) -> None:
    tree.update("--fresh")
    assert tree.calls == 2
