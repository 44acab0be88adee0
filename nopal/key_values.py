"""Checks the table `keys` of the person's file, and turns it into what KeySettings hold."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from .key_settings import Rate, Verdict
from .schema import KeysTable, RateTable
from .values import BadValue
from .wording import show_toml

_VERDICTS = get_args(Verdict)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_NAMESPACE = re.compile(r"[\x21-\x7e]{1,100}")
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
_ADDRESS = rf"(?:{_HOST}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*)"
_SERVERS = (
    re.compile(rf"(?P<host>{_HOST})(?::(?P<port>[0-9]{{1,5}}))?"),
    re.compile(rf"\[(?P<host>{_ADDRESS})\]:(?P<port>[0-9]{{1,5}})"),
    re.compile(rf"(?P<host>{_ADDRESS})(?P<port>)"),
)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_RATE = re.compile(r"(?P<count>[1-9][0-9]{0,4})/(?P<number>[1-9][0-9]{0,4})(?P<unit>[smh])")
_SPAN = re.compile(r"(?P<number>[0-9]{1,5})(?P<unit>[smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_FIELDS = {"remember": "remember_s", "while": "while_"}
_LONGEST_S = 24 * 3600
_LONGEST_COMMENT = 256
_SSH_PORT, _LAST_PORT = 22, 65535

Below = tuple[str | int, ...]


def key_values(value: KeysTable | str, home: Path) -> Iterator[tuple[str, object, tuple[str, ...]]]:
    """Yield each setting: its name, such as `login` or `rate.ask`, its value, and its place.

    Raises:
        BadValue: the first that is wrong.
    """
    if isinstance(value, str):
        if value != "deploy":
            raise _bad(value, 'a table, such as [projects.NAME.keys], or "deploy"')
        yield "expose", value, ()
        return
    for field, given in msgspec.structs.asdict(value).items():
        name = field.rstrip("_")
        if isinstance(given, RateTable):
            for kind, text in msgspec.structs.asdict(given).items():
                if text is not msgspec.UNSET:
                    yield f"rate.{kind}", _rate(text, (name, kind)), (name, kind)
        elif given is not msgspec.UNSET:
            yield name, _value(name, given, home), (name,)


def as_arguments(settings: Mapping[str, object]) -> dict[str, Any]:
    """Return the arguments of KeySettings in `settings`, by the names of `key_values`."""
    rate: dict[str, object] = {}
    rest: dict[str, object] = {}
    for name, value in settings.items():
        group, _, kind = name.partition(".")
        if kind:
            rate[kind] = value
        else:
            rest[_FIELDS.get(name, group)] = value
    return {**rest, "rate": rate}


def server_name(text: str) -> str | None:
    """Return what known_hosts calls a server: `host`, or `[host]:port` for a port of its own.

    None where it names no server; nor does a pattern: what it covers is seen only too late.
    """
    found = next((match for form in _SERVERS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    host, port = found["host"].lower(), int(found["port"] or _SSH_PORT)
    if not 0 < port <= _LAST_PORT:
        return None
    return host if port == _SSH_PORT else f"[{host}]:{port}"


def _value(name: str, given: Any, home: Path) -> object:
    if name == "agent":
        return _agent(given, home)
    parse = _PARSERS.get(name)
    return parse(given) if parse else given


def _expose(given: str | list[str]) -> str | tuple[str, ...]:
    if isinstance(given, str):
        return _word(given, ("auto", "deploy"), ("expose",), ", or a list of keys")
    keys = [_key(text, ("expose", index)) for index, text in enumerate(given)]
    return tuple(dict.fromkeys(keys))


def _sign(given: dict[str, str]) -> dict[str, str]:
    for space in given:
        if not _NAMESPACE.fullmatch(space):
            raise _bad(space, 'a namespace of signatures, such as "git"', "sign")
    return {space: _word(text, _VERDICTS, ("sign", space)) for space, text in given.items()}


def _login(given: str | dict[str, str]) -> str | dict[str, str]:
    if isinstance(given, str):
        return _word(given, ("auto",), ("login",), ", or a table of hosts")
    return {
        _server(host, ("login", host)): _word(text, _VERDICTS, ("login", host))
        for host, text in given.items()
    }


def _users(given: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    for host, names in given.items():
        for index, name in enumerate(names):
            if not _USER.fullmatch(name):
                raise _bad(name, 'names of users, such as ["git"]', "users", host, index)
    return {
        _server(host, ("users", host)): tuple(dict.fromkeys(names)) for host, names in given.items()
    }


def _hostbound(given: list[str]) -> tuple[str, ...]:
    return tuple(_server(host, ("hostbound", index)) for index, host in enumerate(given))


def _bad(text: str, allowed: str, *below: str | int, nearest: str = "") -> BadValue:
    return BadValue(show_toml(text), allowed, below=below, nearest=nearest)


def _word(text: str, words: tuple[str, ...], below: Below, more: str = "") -> str:
    if text in words:
        return text
    quoted = [f'"{word}"' for word in words]
    allowed = ", ".join(quoted) if more or len(words) == 1 else " or ".join(quoted)
    near = difflib.get_close_matches(text, words, 1)
    raise _bad(text, allowed + more, *below, nearest=near[0] if near else "")


def _key(text: str, below: Below) -> str:
    if text.startswith("SHA256:"):
        is_key = bool(_FINGERPRINT.fullmatch(text))
    else:
        is_key = 0 < len(text) <= _LONGEST_COMMENT and text.isprintable()
    if not is_key:
        raise _bad(text, "fingerprints or comments of keys, as `ssh-add -l` shows them", *below)
    return text.rstrip("=") if text.startswith("SHA256:") else text


def _agent(text: str, home: Path) -> str:
    if text in ("", "1password") or re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", text):
        return text
    if text.startswith(("/", "~/")) and text.isprintable():
        return str(home / text[2:]) if text.startswith("~/") else text
    raise _bad(text, '"1password", "env:NAME", or the path of an agent\'s socket', "agent")


def _server(text: str, below: Below) -> str:
    name = server_name(text)
    if name is None:
        raise _bad(text, 'one host, such as "github.com" or "git.example.org:2222"', *below)
    return name


def _rate(text: str, below: Below) -> Rate:
    found = _RATE.fullmatch(text)
    within_s = int(found["number"]) * _SECONDS[found["unit"]] if found else 0
    if found is None or within_s > _LONGEST_S:
        raise _bad(text, 'how often in what time, such as "60/10m", at most a day', *below)
    return Rate(int(found["count"]), within_s)


def _seconds(text: str) -> int:
    found = _SPAN.fullmatch(text)
    seconds = int(found["number"]) * _SECONDS[found["unit"]] if found else _LONGEST_S + 1
    if seconds > _LONGEST_S:
        raise _bad(text, 'a time such as "15m", at most a day', "remember")
    return seconds


_PARSERS: Mapping[str, Callable[[Any], object]] = {
    "expose": _expose,
    "sign": _sign,
    "login": _login,
    "users": _users,
    "hostbound": _hostbound,
    "remember": _seconds,
}
