"""Completion in a person's shell: a script of nopal's, and the line by which the shell reads it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from .completion_words import SHELLS
from .errors import ProjectError
from .own_block import Block
from .paths import Paths
from .text_file import read_text, replace_text


@dataclass(eq=False)
class UnknownShell(ProjectError):
    """A shell that nopal has no completion for."""

    shell: str

    def __str__(self) -> str:
        return f"no completion for the shell `{self.shell}`\n  one of: --shell {', '.join(SHELLS)}"


@dataclass(frozen=True)
class ShellSetup:
    """One shell of the person's."""

    shell: str
    file: Path
    """Where nopal's script is put."""
    read_by: Path
    """The file of the shell's that reads it; the same where the shell finds it by itself."""

    @property
    def script(self) -> str:
        """The shell code that completes."""
        return (files("nopal") / "completions" / f"nopal.{self.shell}").read_text(encoding="utf-8")

    @property
    def shown(self) -> str:
        """What a person is to agree to."""
        return f"{self.file}\n" if self._finds_it else self._block.text

    def install(self) -> None:
        """Write the script, and let the shell read it.

        Raises:
            BlockUnclear, OSError.
        """
        if not self._finds_it:
            text = self._block.put_into(read_text(self.read_by), self.read_by)
            self.read_by.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self.read_by, text)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(self.file, self.script)

    def remove(self) -> bool:
        """Undo that; return whether there was anything to undo. Raises as `install`."""
        before = read_text(self.read_by)
        was_there = self.file.exists()
        if not self._finds_it:
            after = self._block.take_out(before, self.read_by)
            was_there = was_there or after != before
            if after != before:
                replace_text(self.read_by, after)
        self.file.unlink(missing_ok=True)
        return was_there

    @property
    def _finds_it(self) -> bool:
        return self.file == self.read_by

    @property
    def _block(self) -> Block:
        path = shlex.quote(str(self.file))
        return Block("nopal completion --remove", [f"[ -r {path} ] && . {path}"])


def shell_setup(shell: str, environ: Mapping[str, str], paths: Paths) -> ShellSetup:
    """Return the set-up of `shell`, or of the one that the person logs in with.

    Raises:
        UnknownShell: it is none of those that are known.
    """
    shell = shell or Path(environ.get("SHELL", "")).name
    home = paths.user_home
    file = paths.home / "completion" / f"nopal.{shell}"
    if shell == "bash":
        return ShellSetup(shell, file, home / ".bashrc")
    if shell == "zsh":
        return ShellSetup(shell, file, Path(environ.get("ZDOTDIR") or home) / ".zshrc")
    if shell == "fish":
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        found = config / "fish" / "conf.d" / "nopal.fish"
        return ShellSetup(shell, found, found)
    raise UnknownShell(shell)
