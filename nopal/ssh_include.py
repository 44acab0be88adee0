"""The line in the person's own ssh configuration that makes ssh know the machines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .machine_errors import MachineError
from .own_block import Block
from .text_file import read_text, replace_text

_GLOB = re.compile(r'[*?\[\]\\"\n]')


@dataclass(eq=False)
class NotIncludable(MachineError):
    """ssh would take the path for a pattern."""

    path: Path

    def __str__(self) -> str:
        return (
            f"ssh reads {str(self.path)!r} as a pattern and would not find it\n"
            "set NOPAL_HOME to a path without * ? [ ] \\ and quotes"
        )


@dataclass(frozen=True)
class SshInclude:
    """nopal's block in `file`, the person's ~/.ssh/config, that includes `hosts`."""

    file: Path
    hosts: Path

    @property
    def block(self) -> Block:
        """The lines. Raises NotIncludable."""
        if _GLOB.search(str(self.hosts)):
            raise NotIncludable(self.hosts)
        return Block("nopal ssh-config --remove", [f'Include "{self.hosts}"'])

    @property
    def is_there(self) -> bool:
        """Whether ssh reads the hosts already."""
        return self.block.is_in(read_text(self.file))

    def install(self) -> None:
        """Put the lines at the top: below a `Host` they would count for that host alone.

        Raises:
            BlockUnclear, NotIncludable, OSError.
        """
        text = self.block.put_into(read_text(self.file), self.file, on_top=True)
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_text(self.file, text)

    def remove(self) -> bool:
        """Take the lines out; return whether there were any. A file of nothing else goes too.

        Raises:
            BlockUnclear, NotIncludable, OSError.
        """
        before = read_text(self.file)
        after = self.block.take_out(before, self.file)
        if after == before:
            return False
        if after or self.file.is_symlink():
            replace_text(self.file, after)
        else:
            self.file.unlink()
        return True
