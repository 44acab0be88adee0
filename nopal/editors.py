"""Editors of this computer that open a folder of a machine over SSH."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .machine_errors import MachineError


@dataclass(frozen=True)
class Editor:
    """How an editor is told what to open."""

    program: str
    title: str
    arguments: Callable[[str, str], tuple[str, ...]]
    """Of the machine's name as ssh knows it, and an absolute path in it."""
    how_to_get: str
    """What puts its command on PATH."""


@dataclass(eq=False)
class EditorMissing(MachineError):
    """The editor's command is not on PATH."""

    editor: Editor

    def __str__(self) -> str:
        program = self.editor.program
        return f"{self.editor.title}'s command `{program}` is not on PATH\n{self.editor.how_to_get}"


def _vscode(host: str, path: str) -> tuple[str, ...]:
    """See code.visualstudio.com/docs/remote/troubleshooting: connecting from the command line."""
    return ("--remote", f"ssh-remote+{host}", path)


def _zed(host: str, path: str) -> tuple[str, ...]:
    """See zed.dev/docs/remote-development."""
    return (f"ssh://{host}{path}",)


_PALETTE = "in the editor, run from its palette: Shell Command: Install '{}' command in PATH"

EDITORS = (
    Editor("code", "Visual Studio Code", _vscode, _PALETTE.format("code")),
    Editor("cursor", "Cursor", _vscode, _PALETTE.format("cursor")),
    Editor("zed", "Zed", _zed, "in Zed, run from its palette: cli: install"),
)


def guest_path(path: str, user: str) -> str:
    """Return `path` of the machine as an absolute one; it counts from the home of `user`."""
    home = f"/home/{user}"
    if path in {"", "~"}:
        return home
    return path if path.startswith("/") else f"{home}/{path.removeprefix('~/')}"
