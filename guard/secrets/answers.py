"""Reads what providers' programs print. Pure."""

from __future__ import annotations

import json

from .provider import MAIN, ProviderFailed, Values
from .secret import Secret


def one_text(text: str) -> str:
    """Return a value as it is, but a single line without the newline that ends it."""
    return text[:-1] if text.endswith("\n") and text.count("\n") == 1 else text


def main(text: str) -> Values:
    """Return the values of a place that has one."""
    return {MAIN: Secret(text)}


def json_values(text: str, program: str) -> dict[str, Secret]:
    """Return the values of a JSON object; one that is deeper gets a key with dots.

    Raises:
        ProviderFailed: it is no such object. The text, which may be secret, is not shown.
    """
    try:
        found = json.loads(text)
    except ValueError:
        raise ProviderFailed(f"{program}: its answer is no JSON") from None
    if not isinstance(found, dict):
        raise ProviderFailed(f"{program}: its answer is no JSON object")
    return dict(_flat(found))


def json_list(text: str, program: str) -> dict[str, Secret]:
    """Return the values of a JSON list of objects with `key` and `value`. Raises as above."""
    try:
        found = json.loads(text)
    except ValueError:
        raise ProviderFailed(f"{program}: its answer is no JSON") from None
    try:
        return {str(item["key"]): Secret(str(item["value"])) for item in found}
    except (KeyError, TypeError):
        raise ProviderFailed(f"{program}: its answer is no list of keys and values") from None


def environment(text: str) -> dict[str, str]:
    """Return the variables that `env -0` prints."""
    pairs = (entry.partition("=") for entry in text.split("\0") if "=" in entry)
    return {name: value for name, _, value in pairs}


def _flat(tree: dict[str, object], above: str = "") -> list[tuple[str, Secret]]:
    values: list[tuple[str, Secret]] = []
    for name, value in tree.items():
        match value:
            case dict():
                values += _flat(value, f"{above}{name}.")
            case str():
                values.append((above + name, Secret(value)))
            case None:
                pass
            case _:
                values.append((above + name, Secret(json.dumps(value))))
    return values
