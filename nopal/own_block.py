"""A few lines of nopal's in a file that is the person's: put in, found, taken out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .machine_errors import MachineError


@dataclass(eq=False)
class BlockUnclear(MachineError):
    """The marks in a file do not enclose one block: nobody knows what is nopal's."""

    file: Path
    begin: str
    end: str

    def __str__(self) -> str:
        return (
            f"{self.file}: the marks of nopal's lines are there more than once, or only in part\n"
            f"take `{self.begin}`, `{self.end}` and what is between them out by hand"
        )


@dataclass(frozen=True)
class Block:
    """Lines between two marks, which are comments that begin with `#`."""

    remover: str
    """The command that takes them out again; both marks name it."""
    lines: Sequence[str]

    @property
    def begin(self) -> str:
        """The mark above."""
        return f"# >>> nopal; to take this out: {self.remover}"

    @property
    def end(self) -> str:
        """The mark below."""
        return "# <<< nopal"

    @property
    def text(self) -> str:
        """The lines with their marks."""
        return "".join(f"{line}\n" for line in (self.begin, *self.lines, self.end))

    def is_in(self, text: str) -> bool:
        """Return whether `text` holds exactly this block."""
        return self.text in text

    def put_into(self, text: str, file: Path, *, on_top: bool = False) -> str:
        """Return `text` with this block, at the place of an older one if there is one.

        Raises:
            BlockUnclear: the marks stand there in another way.
        """
        found = self._find(text, file)
        if found:
            return text[: found[0]] + self.text + text[found[1] :]
        if on_top:
            return self.text + ("\n" if text else "") + text
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return text + gap + self.text

    def take_out(self, text: str, file: Path) -> str:
        """Return `text` without the block and the empty line that came with it.

        Raises:
            BlockUnclear: the marks do not enclose one block.
        """
        found = self._find(text, file)
        if not found:
            return text
        before, after = text[: found[0]], text[found[1] :]
        if not before:
            return after.removeprefix("\n")
        return before.removesuffix("\n") + after if before.endswith("\n\n") else before + after

    def _find(self, text: str, file: Path) -> tuple[int, int] | None:
        lines = text.splitlines(keepends=True)
        marks = [line.rstrip("\r\n") for line in lines]
        begins, ends = marks.count(self.begin), marks.count(self.end)
        if not begins and not ends:
            return None
        if (begins, ends) != (1, 1) or marks.index(self.begin) > marks.index(self.end):
            raise BlockUnclear(file, self.begin, self.end)
        first, last = marks.index(self.begin), marks.index(self.end)
        return len("".join(lines[:first])), len("".join(lines[: last + 1]))
