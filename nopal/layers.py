"""Checks what a file or the command line says, key by key, and makes a layer of it.

Every key is checked by itself, so that all faults are found at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from .errors import Fault, MissingKey, PersonOnlyKey, Place, UnknownKey, WrongValue
from .key_values import key_values
from .merge import Layer, Setting
from .project import LayerName, Origin
from .project_file import TomlFile
from .schema import (
    PERSON_ONLY,
    PERSON_ONLY_OPTIONS,
    GitTable,
    KeysTable,
    PersonFile,
    PersonKeys,
    PortTable,
    RepoFile,
    RepoTable,
)
from .toml_lines import KeyPath, dotted
from .values import BadValue, names_a_location, parse_value
from .wording import allowed_text, choices_of, show_toml, type_of

_NESTED: Mapping[str, type[msgspec.Struct]] = {
    "repos": RepoTable,
    "ports": PortTable,
    "git": GitTable,
    "keys": KeysTable,
}
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[]+)")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass
class Reader:
    """Reads tables into layers, and collects what is wrong with them in `faults`."""

    person_file: Path
    """Where a refused key of a repo's file belongs."""
    home: Path
    """What `~` means in paths of this host."""
    faults: list[Fault] = field(default_factory=list)

    def person_layers(self, file: TomlFile) -> tuple[Layer, dict[str, Layer]]:
        """Read the person's file: [defaults], and each [projects.NAME] by its name."""
        known = PersonFile.__struct_fields__
        for key in file.tables:
            if key not in known:
                self._unknown(file.place((key,)), (key,), known)
        defaults = self._table(file.tables.get("defaults", {}), file, ("defaults",), "defaults")
        projects = file.tables.get("projects", {})
        if not isinstance(projects, dict):
            self._no_table(file, ("projects",), projects)
            projects = {}
        return defaults, {
            name: self._table(table, file, ("projects", name), "project")
            for name, table in projects.items()
        }

    def repo_layer(self, file: TomlFile) -> Layer:
        """Read a `.nopal.toml`; its `name` is a setting like the others."""
        return self._table(file.tables, file, (), "repo")

    def flag_layer(self, flags: Mapping[str, object]) -> Layer:
        """Read what was given on the command line; None and "" mean: not given."""
        given = {
            key: _as_list(key, value) for key, value in flags.items() if value not in (None, "")
        }
        return self._table(given, None, (), "flag")

    def _table(
        self, table: object, file: TomlFile | None, base: KeyPath, layer: LayerName
    ) -> Layer:
        if not isinstance(table, dict):
            assert file is not None  # noqa: S101 - the command line is no table in a file
            self._no_table(file, base, table)
            return Layer(layer)
        keys = RepoFile if layer == "repo" else PersonKeys
        source = _Source(self, file, base, layer, keys)
        settings: dict[str, Setting] = {}
        for key, value in table.items():
            settings.update(source.read(key, value))
        return Layer(layer, settings)

    def _no_table(self, file: TomlFile, path: KeyPath, value: object) -> None:
        allowed = f"a table, such as [{dotted(path)}]"
        self.faults.append(WrongValue(file.place(path), dotted(path), show_toml(value), allowed))

    def _unknown(self, place: Place, path: KeyPath, known: tuple[str, ...]) -> None:
        near = difflib.get_close_matches(str(path[-1]), known, 1)
        nearest = near[0] if near else ""
        self.faults.append(UnknownKey(place, dotted(path), nearest, known))


@dataclass
class _Source:
    """One table of one file, or the command line."""

    reader: Reader
    file: TomlFile | None
    base: KeyPath
    layer: LayerName
    keys: type[msgspec.Struct]

    def read(self, key: str, value: object) -> Iterator[tuple[str, Setting]]:
        """Check one key and give its settings: several for a table, none when it is wrong."""
        if self._is_refused(key, value):
            return
        try:
            typed = msgspec.convert(value, type_of(self.keys, key), strict=self.file is not None)
            if key == "keys":
                yield from list(self._key_settings(typed))
                return
            parsed = parse_value(key, typed, home=self.reader.home)
        except msgspec.ValidationError as error:
            self._explain_all(key, value, str(error))
        except BadValue as error:
            index = () if error.index is None else (error.index,)
            path: KeyPath = (key, *index, *error.below)
            self._wrong(path, error.found, error.allowed, nearest=error.nearest)
        else:
            yield from self._settings(key, parsed)

    def _settings(self, key: str, parsed: Any) -> Iterator[tuple[str, Setting]]:
        if key == "options":
            yield from self._option_settings(parsed)
        elif key == "secrets":
            yield from self._secrets(parsed)
        elif key == "agents" and self.layer != "project":
            allowed = "[projects.NAME]: each login is given to chosen projects"
            self._wrong(("agents",), "a table for every project", allowed)
        elif key == "mode" and self.layer == "defaults":
            self._wrong((key,), show_toml(parsed), "[projects.NAME]: the mode is one machine's own")
        elif key == "git":
            for name, value in msgspec.structs.asdict(parsed).items():
                if value is not msgspec.UNSET:
                    yield f"git.{name}", Setting(value, self._origin((key, name)))
        else:
            count = len(parsed) if isinstance(parsed, tuple) else 0
            elements = tuple(self._origin((key, index)) for index in range(count))
            yield key, Setting(parsed, self._origin((key,)), elements)

    def _secrets(self, table: Any) -> Iterator[tuple[str, Setting]]:
        from .secret_table import BadSecret, read_secrets  # noqa: PLC0415 - few projects have some

        if self.layer != "project":
            allowed = "[projects.NAME.secrets]: each is given to one project"
            self._wrong(("secrets",), "a table for every project", allowed)
            return
        wanted = []
        for one in read_secrets(table):
            if isinstance(one, BadSecret):
                self._wrong(("secrets", *one.path), one.found, one.allowed)
            else:
                wanted.append((one[1], self._origin(("secrets", *one[0]))))
        elements = tuple(origin for _, origin in wanted)
        secrets = tuple(secret for secret, _ in wanted)
        yield "secrets", Setting(secrets, self._origin(("secrets",)), elements)

    def _key_settings(self, table: KeysTable | str) -> Iterator[tuple[str, Setting]]:
        for name, value, path in key_values(table, self.reader.home):
            yield f"keys.{name}", Setting(value, self._origin(("keys", *path)))

    def _option_settings(self, tables: dict[str, Any]) -> Iterator[tuple[str, Setting]]:
        for profile, options in tables.items():
            if not _PROFILE_NAME.fullmatch(profile):
                allowed = "a profile's name in small letters, digits, `-` and `_`"
                self._wrong(("options", profile), "the name of no profile", allowed)
                continue
            refused = PERSON_ONLY_OPTIONS.get(profile) if self.layer == "repo" else None
            if refused is not None and not refused:
                self._only_by_the_person(("options", profile), f".options.{profile}")
                continue
            for name, value in options.items():
                path = ("options", profile, name)
                if name in (refused or ()):
                    self._only_by_the_person(path, f".options.{profile}")
                    continue
                yield ".".join(path), Setting(value, self._origin(path))

    def _is_refused(self, key: str, value: object) -> bool:
        is_repo = self.layer == "repo"
        if is_repo and (key in PERSON_ONLY or (key == "image" and names_a_location(value))):
            self._only_by_the_person((key,))
        elif key not in self.keys.__struct_fields__:
            self.reader._unknown(
                self._place((key,)), (*self.base, key), self.keys.__struct_fields__
            )
        elif self.file is None and isinstance(value, str) and not value.isprintable():
            self._wrong((key,), ascii(value), "text without control characters")
        else:
            return False
        return True

    def _only_by_the_person(self, path: KeyPath, table: str = "") -> None:
        """Refuse a repo's key; `table` is where it belongs, below the project's own."""
        name = self.file.tables.get("name") if self.file else None
        project = name if isinstance(name, str) and name else "NAME"
        self.reader.faults.append(
            PersonOnlyKey(
                self._place(path),
                dotted(path),
                self.reader.person_file,
                f"projects.{project}{table}",
            )
        )

    def _explain_all(self, key: str, value: object, message: str) -> None:
        """Explain every wrong element of a list: msgspec stops at the first."""
        if not isinstance(value, list):
            self._explain(key, value, message)
            return
        for index, element in enumerate(value):
            try:
                msgspec.convert([element], type_of(self.keys, key))
            except msgspec.ValidationError as error:
                self._explain(key, value, str(error).replace("`$[0]", f"`$[{index}]", 1))

    def _explain(self, key: str, value: object, message: str) -> None:
        """Turn msgspec's message into a fault with a place."""
        found = _MESSAGE.fullmatch(message)
        what, rest = (found["what"], found["path"] or "") if found else (message, "")
        rest = rest.partition("[...]")[0]  # in a table of any keys, msgspec does not say which
        steps = tuple(int(index) if index else name for index, name in _STEP.findall(rest))
        path: KeyPath = (key, *steps)
        nested = _NESTED.get(key)
        if nested and (unknown := _UNKNOWN.fullmatch(what)):
            inner = (*path, unknown[1])
            known = nested.__struct_encode_fields__
            self.reader._unknown(self._place(inner), (*self.base, *inner), known)
        elif nested and (missing := _MISSING.fullmatch(what)):
            shown = dotted((*self.base, *path, missing[1]))
            fix = f"a table here needs: {', '.join(_required(nested))}"
            self.reader.faults.append(MissingKey(self._place(path), shown, fix))
        else:
            culprit = _follow(value, steps)
            keys, name = (
                (nested, steps[0]) if nested and key == "keys" and steps else (self.keys, key)
            )
            choices = choices_of(type_of(keys, str(name)))
            near = difflib.get_close_matches(str(culprit), choices, 1)
            allowed = allowed_text(keys, str(name))
            self._wrong(path, show_toml(culprit), allowed, nearest=near[0] if near else "")

    def _wrong(self, path: KeyPath, found: str, allowed: str = "", *, nearest: str = "") -> None:
        allowed = allowed or allowed_text(self.keys, str(path[0]))
        shown = (
            f"--{str(path[0]).replace('_', '-')}"
            if self.file is None
            else dotted((*self.base, *path))
        )
        self.reader.faults.append(WrongValue(self._place(path), shown, found, allowed, nearest))

    def _place(self, path: KeyPath) -> Place:
        return self.file.place((*self.base, *path)) if self.file else Place()

    def _origin(self, path: KeyPath) -> Origin:
        place = self._place(path)
        return Origin(self.layer, place.file, place.line)


def _required(table: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(one.name for one in msgspec.structs.fields(table) if one.required)


def _follow(value: Any, steps: KeyPath) -> object:
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    return value


def _as_list(key: str, value: object) -> object:
    """Split the commas by which a flag gives a list."""
    is_list = key in ("profiles", "repos") or (key == "ports" and value not in ("auto", "none"))
    if is_list and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value
