"""Fetches secrets: each provider is asked once, for all that is wanted of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import GuardError, printable
from . import names
from .provider import MAIN, Provider, ProviderFailed, Tools, Values
from .reference import Reference
from .secret import Secret, masked

LONGEST_BYTES = 100 * 1024
"""Of one value: Linux starts no program with a longer variable."""
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Wanted:
    """One line of a project's table of secrets."""

    name: str
    """Of the variable, or `names.ALL`."""
    reference: Reference
    folder: str = ""
    """The repo, as a folder below ~/code, that alone gets it."""


@dataclass(frozen=True)
class Failure:
    """One that could not be had."""

    wanted: Wanted
    words: str

    def __str__(self) -> str:
        return f"{self.wanted.name} ({printable(str(self.wanted.reference))}): {self.words}"


@dataclass(frozen=True)
class Fetched:
    """What came of it: all secrets by folder and name, and what did not come."""

    sets: dict[str, dict[str, Secret]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    left_out: tuple[str, ...] = ()
    """Values of whole places whose names no variable can have."""


@dataclass(eq=False)
class SecretsFailed(GuardError):
    """Some secrets could not be fetched; the others were."""

    failures: Sequence[Failure]
    count: int

    def __str__(self) -> str:
        lines = [f"{len(self.failures)} of {self.count} secrets could not be fetched:"]
        return "\n".join([*lines, *(f"  {failure}" for failure in self.failures)])


def fetch(wanted: Sequence[Wanted], tools: Tools) -> Fetched:
    """Return all secrets that can be had. A provider may ask the person to unlock it."""
    found = _ask(wanted, tools)
    sets: dict[str, dict[str, Secret]] = {}
    failures: list[Failure] = []
    left_out: list[str] = []
    # A name of its own counts more than one that comes with a whole place.
    for one in sorted(wanted, key=lambda one: one.name != names.ALL):
        values = found[one.reference.provider.scheme, one.reference.path]
        own = sets.setdefault(one.folder, {})
        try:
            if isinstance(values, ProviderFailed):
                raise values
            if one.name == names.ALL:
                chosen, unfit = _all(values)
                left_out += unfit
            else:
                chosen = {one.name: _pick(one, values)}
            for name, value in chosen.items():
                own[name] = _fit(name, value)
        except ProviderFailed as error:
            failures.append(Failure(one, error.words))
    everything = [value for own in sets.values() for value in own.values()]
    if sum(len(value.reveal().encode()) for value in everything) > _MOST_BYTES:
        too_much = Failure(wanted[-1], f"together they are more than {_MOST_BYTES // 1024} KiB")
        return Fetched({}, (too_much,))
    return Fetched(
        {folder: own for folder, own in sets.items() if own},
        tuple(Failure(one.wanted, masked(one.words, everything)) for one in failures),
        tuple(left_out),
    )


def _ask(wanted: Iterable[Wanted], tools: Tools) -> dict[tuple[str, str], Values | ProviderFailed]:
    places: dict[str, tuple[Provider, dict[str, None]]] = {}
    for one in wanted:
        provider = one.reference.provider
        places.setdefault(provider.scheme, (provider, {}))[1][one.reference.path] = None
    return {
        (scheme, path): values
        for scheme, (provider, paths) in places.items()
        for path, values in provider.fetch(tuple(paths), tools).items()
    }


def _pick(one: Wanted, values: Values) -> Secret:
    key = one.reference.key or (MAIN if MAIN in values else one.name)
    if key not in values:
        raise ProviderFailed(f"there is no `{key}` among the values there")
    return values[key]


def _all(values: Mapping[str, Secret]) -> tuple[dict[str, Secret], list[str]]:
    named = {name: value for name, value in values.items() if name not in (MAIN, names.ALL)}
    if not named:
        raise ProviderFailed("there are no values with names")
    unfit = [f"{printable(name, 60)}: {why}" for name in named if (why := names.problem(name))]
    return {name: value for name, value in named.items() if not names.problem(name)}, unfit


def _fit(name: str, value: Secret) -> Secret:
    text = value.reveal()
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ProviderFailed(f"the value of {name} is no UTF-8 text") from None
    if "\0" in text:
        raise ProviderFailed(f"the value of {name} holds a NUL, which no variable can")
    if size > LONGEST_BYTES:
        raise ProviderFailed(f"the value of {name} is longer than {LONGEST_BYTES // 1024} KiB")
    return value
