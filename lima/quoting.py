"""Text as YAML that Lima reads back unchanged, whatever the text is.

Two languages stand between nopal and Lima: YAML, and the Go templates that Lima runs over some
fields. Control characters are refused: Lima hands several fields on to cloud-init as they are.
"""

from __future__ import annotations

import re

from lima.errors import UnsafeText

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_FIRST_ASTRAL = 0x10000


class LimaTemplated(str):
    """A text for a field over which Lima runs Go's text/template."""

    __slots__ = ()


def yaml_scalar(value: object) -> str:
    """Return one YAML scalar that holds exactly `value`: a text, whole number, truth or null.

    Raises:
        UnsafeText: a text with control characters, or one that is not Unicode.
        TypeError: any other kind of value; it would be a mistake in the template.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case LimaTemplated():
            return _double_quoted(value.replace("{{", '{{"{{"}}'))
        case str():
            return _double_quoted(value)
    message = f"no YAML scalar: {value!r}"
    raise TypeError(message)


def _double_quoted(text: str) -> str:
    if _CONTROL.search(text):
        raise UnsafeText("text", text, "control characters cannot be part of it")
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isascii():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < _FIRST_ASTRAL else f"\\U{code:08x}"
