"""Single lines in files that belong to somebody else."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Edit
from .path import PathStep
from .write import rewrite_file

_READ = """
$0 == ENVIRON["nopal_line"] { same++; next }
ENVIRON["nopal_match"] != "" && $0 ~ ENVIRON["nopal_match"] { other++ }
END { print same + 0, other + 0 }
"""

_WRITE = """
$0 == ENVIRON["nopal_line"] || (ENVIRON["nopal_match"] != "" && $0 ~ ENVIRON["nopal_match"]) {
if (!done++) print ENVIRON["nopal_line"]
next
}
{ print }
END { if (!done) print ENVIRON["nopal_line"] }
"""


@dataclass(frozen=True)
class Line(PathStep):
    """One line in a file, and no other line that matches `match`.

    `match` is an extended regular expression as awk reads it. The first line that matches is
    replaced, further ones go; where none does, the line is appended. State: how often the line was
    found, and how often another that matches. The rest of the file, its mode and its owner stay.
    """

    kind = "line"

    line: str = ""
    match: str = field(default="", kw_only=True)
    mode: str = field(default="0644", kw_only=True)
    """Of a file that is not there yet."""
    sensitive: bool = field(default=False, kw_only=True)
    """The line is never shown in a diff. Give `match` too: without it the line is the name."""

    def __post_init__(self) -> None:
        """Refuse what is no single line."""
        super().__post_init__()
        if not self.line or "\n" in self.line:
            message = f"a line for {self.path} is one line of text: {self.line!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The path and the line: a file may get several."""
        return f"{self.path}#{self.match or self.line}"

    def probe(self) -> str:
        """Count the line and its rivals."""
        path = quote_path(self.path)
        return f"if [ -f {path} ]; then\n{self._awk(_READ, path)}\nelse echo 0 0; fi"

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Replace the rivals by the line, or append it."""
        del facts
        same, _, other = state.partition(" ")
        if same not in {"", "0"} and other in {"", "0"}:
            return None
        write = self._awk(_WRITE, "-")
        produce = f'if [ -e "$nopal_to" ]; then cat -- "$nopal_to"; fi |\n{write}'
        verb = "append to" if other in {"", "0"} else "replace in"
        summary = f"{verb} {self.path}" if self.sensitive else f"{verb} {self.path}: {self.line}"
        script = rewrite_file(self.path, f'{produce} >"$nopal_new"', mode=self.mode)
        edits = () if self.sensitive else (Edit(self.path, produce),)
        return Change(summary, script, rewrites=edits)

    def _awk(self, program: str, file: str) -> str:
        words = f"nopal_line={quote(self.line)} nopal_match={quote(self.match)}"
        return f"{words} awk {quote(program.strip())} {file}"
