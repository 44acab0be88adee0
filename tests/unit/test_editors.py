from __future__ import annotations

import pytest

from nopal.editors import EDITORS, EditorMissing, guest_path

OF = {editor.program: editor.arguments("nopal-blog", "/home/dev/code/x") for editor in EDITORS}


def test_each_editor_is_told_host_and_folder_in_its_own_way() -> None:
    assert OF["code"] == ("--remote", "ssh-remote+nopal-blog", "/home/dev/code/x")
    assert OF["cursor"] == OF["code"]
    assert OF["zed"] == ("ssh://nopal-blog/home/dev/code/x",)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("~/code/x", "/home/dev/code/x"),
        ("code/x", "/home/dev/code/x"),
        ("/srv", "/srv"),
        ("~", "/home/dev"),
        ("", "/home/dev"),
    ],
)
def test_a_path_of_the_machine_counts_from_its_home(typed: str, meant: str) -> None:
    assert guest_path(typed, "dev") == meant


def test_a_missing_editor_says_how_its_command_is_had() -> None:
    assert "cli: install" in str(EditorMissing(EDITORS[2]))
