"""`edit`: a project file in the person's editor, kept only when nopal can read it.

The editor gets a copy. So a file that is wrong is never in the way of a running verb, and what was
typed is not lost when it can't be kept.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import ProjectFaults
from .machine_errors import MachineError
from .text_file import read_text, replace_text

Answer = Literal["edit", "keep", "drop"]
Outcome = Literal["same", "kept", "kept with faults"]
_USUAL = ("sensible-editor", "nano", "vi")


@dataclass(eq=False)
class NoEditor(MachineError):
    """There is no editor, or it failed."""

    why: str

    def __str__(self) -> str:
        return f"{self.why}; nothing was changed\nname another by VISUAL or EDITOR, such as `nano`"


@dataclass(eq=False)
class NotKept(MachineError):
    """What was typed did not become the file; it is not lost."""

    file: Path
    copy: Path
    why: str
    exit_status = 2

    def __str__(self) -> str:
        return f"{self.file} is as it was: {self.why}\nwhat you typed is in {self.copy}"


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """Return the person's editor: $VISUAL, $EDITOR, or what is usually there.

    Raises:
        NoEditor.
    """
    for variable in ("VISUAL", "EDITOR"):
        if environ.get(variable, "").strip():
            return shlex.split(environ[variable])
    path = environ.get("PATH")
    found = next((name for name in _USUAL if shutil.which(name, path=path)), None)
    if found is None:
        raise NoEditor("no editor was found")
    return [found]


@dataclass(frozen=True)
class Edit:
    """One file, and how its text is judged."""

    file: Path
    copy: Path
    """Where the editor works; on success nothing is left there."""
    check: Callable[[str], None]
    """Raises ProjectFaults for a text that will not do."""
    ask: Callable[[ProjectFaults], Answer]
    """Called with what is wrong."""

    def run(self, command: list[str], environ: Mapping[str, str], start: str = "") -> Outcome:
        """Let the person edit; a file that is not there yet begins as `start`.

        Raises:
            NoEditor, NotKept.
        """
        before = read_text(self.file)
        self.copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_text(self.copy, before or start)
        outcome = self._until_good(command, environ, before or start)
        if outcome != "same":
            if read_text(self.file) != before:
                raise NotKept(self.file, self.copy, "somebody else changed it meanwhile")
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_text(self.file, read_text(self.copy))
        self.copy.unlink()
        return outcome

    def _until_good(self, command: list[str], environ: Mapping[str, str], before: str) -> Outcome:
        while True:
            self._edit(command, environ)
            text = read_text(self.copy)
            if text == before:
                return "same"
            try:
                self.check(text)
            except ProjectFaults as faults:
                answer = self.ask(faults)
                if answer == "drop":
                    raise NotKept(self.file, self.copy, "the new text has faults") from None
                if answer == "keep":
                    return "kept with faults"
            else:
                return "kept"

    def _edit(self, command: list[str], environ: Mapping[str, str]) -> None:
        try:
            status = subprocess.run(
                [*command, str(self.copy)], env=dict(environ), check=False
            ).returncode
        except OSError as error:
            raise NoEditor(f"`{command[0]}` can't be started: {error.strerror}") from None
        if status != 0:
            raise NoEditor(f"`{command[0]}` ended with {status}")
