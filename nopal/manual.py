"""The manual's sections by name, as `help TOPIC` shows them in a terminal."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from .columns import in_columns
from .errors import ProjectError

_HEADING = re.compile(r"^(##|###) (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)\s]+)\)")


@dataclass(frozen=True)
class Topic:
    """A section of the manual; one of the second level holds those of the third below it."""

    name: str
    title: str
    text: str
    is_part: bool
    """Whether it is part of another one."""


@dataclass(eq=False)
class NoSuchTopic(ProjectError):
    """The manual has no section of that name."""

    asked: str
    nearest: Sequence[str]

    def __str__(self) -> str:
        hint = f"perhaps {', '.join(self.nearest)}; " if self.nearest else ""
        return (
            f"the manual has no section {self.asked!r}; {hint}all of them: nopal help\n"
            "  the flags of a verb: nopal --help VERB"
        )


def manual() -> str:
    """Return the text of the manual that came with this nopal."""
    return (files("nopal") / "manual.md").read_text(encoding="utf-8")


def topics(text: str) -> tuple[Topic, ...]:
    """Return the sections of a page of Markdown, in its order."""
    # A comment in an example looks like a heading.
    fences = [found.span() for found in _FENCE.finditer(text)]
    found = [
        heading
        for heading in _HEADING.finditer(text)
        if not any(start <= heading.start() < end for start, end in fences)
    ]
    return tuple(
        Topic(
            name=_name(heading[2]),
            title=heading[2],
            text=text[heading.end() : _end(found[i:], text)],
            is_part=heading[1] == "###",
        )
        for i, heading in enumerate(found)
    )


def find_topic(asked: str, known: Sequence[Topic]) -> Topic:
    """Return the section of that name, or the one whose name or title alone holds the word.

    Raises:
        NoSuchTopic: there is none, or there are several.
    """
    wanted = _name(asked)
    for fits in (
        lambda topic: topic.name == wanted,
        lambda topic: topic.name.startswith(wanted),
        lambda topic: wanted in topic.name,
    ):
        found = [topic for topic in known if fits(topic)]
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuchTopic(asked, [topic.name for topic in found])
    raise NoSuchTopic(asked, difflib.get_close_matches(wanted, [topic.name for topic in known], 3))


def listed(known: Sequence[Topic]) -> str:
    """Return the names and titles of all sections, one a line."""
    return in_columns(
        [(f"{'  ' if topic.is_part else ''}{topic.name}", topic.title) for topic in known]
    )


def as_plain_text(topic: Topic, width: int) -> str:
    """Return a section as text of at most `width` columns, without colours."""
    from rich.console import Console, ConsoleOptions, RenderResult  # noqa: PLC0415
    from rich.markdown import Heading, Markdown  # noqa: PLC0415

    class Plain(Heading):
        """Rich puts headings into the middle."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            yield f"\n{self.text.plain.upper()}"

    class Page(Markdown):
        elements = {**Markdown.elements, "heading_open": Plain}  # noqa: RUF012 - as in Rich

    page = f"## {topic.title}\n" + _LINK.sub(_as_words, topic.text)
    shown = io.StringIO()
    Console(file=shown, width=width, color_system=None, highlight=False).print(Page(page))
    return "\n".join(line.rstrip() for line in shown.getvalue().strip().splitlines()) + "\n"


def _as_words(link: re.Match[str]) -> str:
    """Return a link within the docs as it reads where nothing can be clicked."""
    return f"`help {link[2][1:]}`" if link[1] == "below" and link[2][0] == "#" else link[1]


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).strip().replace(" ", "-")


def _end(rest: Sequence[re.Match[str]], text: str) -> int:
    """Return where the section of the first heading ends: at the next of its level or above."""
    level = len(rest[0][1])
    return next((later.start() for later in rest[1:] if len(later[1]) <= level), len(text))
