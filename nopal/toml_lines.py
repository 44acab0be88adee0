"""Finds the line on which a key of a TOML text stands.

It trusts the text: `tomllib` has read it before. It knows no values, only where they begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
"""Keys of tables and indices of arrays, from the top: `("projects", "blog", "repos", 0)`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))")
_LONGEST_SHOWN = 60
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def find_lines(text: str) -> Mapping[KeyPath, int]:
    """Map every key, table and array element of a valid TOML text to its line, from 1."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


def nearest_line(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """Return the line of `path`, else of the nearest table or array around it."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None


def dotted(path: KeyPath) -> str:
    """Write a key path as a person does: `projects.blog.repos[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if len(part) <= _LONGEST_SHOWN else f"{part[:_LONGEST_SHOWN]}…"
            shown = shown if shown.isprintable() else ascii(shown)
            text += ("." if text else "") + (f'"{shown}"' if "." in part else shown)
    return text


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = 1
        self._arrays: dict[KeyPath, int] = {}  # arrays of tables: the index of the last one

    def scan(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, what: re.Pattern[str]) -> int:
        found = what.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _current_line(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _note(self, base: KeyPath, keys: tuple[str | int, ...]) -> KeyPath:
        line = self._current_line()
        for end in range(1, len(keys) + 1):
            self.lines.setdefault(base + keys[:end], line)
        return base + keys

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        *parents, last = self._key()
        path: KeyPath = ()
        for key in parents:
            path = self._in_last(self._note(path, (key,)))
        path = self._note(path, (last,))
        if is_array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            path = self._note(path, (self._arrays[path],))
        else:
            path = self._in_last(path)
        self._at += 2 if is_array else 1
        return path

    def _in_last(self, path: KeyPath) -> KeyPath:
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _key(self) -> list[str]:
        """Read a dotted key, with the blanks on both sides."""
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._text[start : start + 1] in ('"', "'"):
                self._string()
                quoted = self._text[start + 1 : self._at - 1]
                keys.append(_unescape(quoted) if self._text[start] == '"' else quoted)
            else:
                self._skip(_BARE_KEY)
                keys.append(self._text[start : self._at])
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _pair(self, table: KeyPath) -> None:
        # The line is that of the key: a value may span many.
        line_mark = self._at
        keys = self._key()
        after, self._at = self._at, line_mark
        path = self._note(table, tuple(keys))
        self._at = after + 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        first = self._text[self._at : self._at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in ('"', "'"):
            self._string()
        else:
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "]":
                self._at += 1
                return
            self._value(self._note(path, (index,)))
            index += 1
            self._comma()

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "}":
                self._at += 1
                return
            self._pair(path)
            self._comma()

    def _comma(self) -> None:
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1

    def _string(self) -> None:
        for form in _STRINGS:
            if form.match(self._text, self._at):
                self._skip(form)
                return


def _unescape(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        return chr(int(digits, 16)) if digits else _ESCAPED.get(found[4], found[4])

    return _ESCAPE.sub(one, text)
