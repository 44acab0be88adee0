"""The logins of agents that this computer keeps, to give them to machines.

What is secret of one is in the system's keyring, or in a 0600 file where the person asked for
that; beside it lies a record that tells of it. Machines get them as they get secrets.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from guard.errors import GuardError
from guard.secrets.fetch import Wanted
from guard.secrets.provider import Checked, ProviderFailed, Tools, Values
from guard.secrets.reference import Reference
from guard.secrets.secret import Secret

from .state import StateUnreadable, write_json

if TYPE_CHECKING:
    from guard.keys.vault import Vault
    from profiles.login import Login

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_DAY_S = 24 * 60 * 60


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one login; nothing of it is secret."""

    agent: str
    """The profile whose program it logs in."""
    name: str
    """The person's name for it, such as `personal`."""
    title: str
    """What it is, in words."""
    variable: str
    """The variable of a machine that holds it."""
    file: str
    """The file from `~/` that does so too, or ""."""
    since: int
    """When it was given to nopal, in seconds since 1970."""
    expires: int | None
    """When it ends, where that is known."""
    place: Literal["keyring", "file", "reference"]
    mark: str
    """A random word, another one for each new text: machines that have an older one get this."""
    reference: str = ""
    """Where the person's own store has the text, for one that is not kept here."""
    content: str = "{}"
    """What machines get of that text, which stands for `{}`."""

    @property
    def label(self) -> str:
        """Its two names in one."""
        return f"{self.agent}/{self.name}"


@dataclass(eq=False)
class NoKeyring(GuardError):
    """There is nothing to keep a login in."""

    label: str

    def __str__(self) -> str:
        return (
            f"the login {self.label} was not kept: no keyring of the system can be used here\n"
            "  log in to a desktop, or give --plain-file: a file that only you may read then has it"
        )


@dataclass(eq=False)
class BadLoginName(GuardError):
    """A name that could be no file's."""

    name: str
    exit_status = 2

    def __str__(self) -> str:
        return f"{self.name!a} cannot name a login: letters, digits, - and _ only, at most 32"


@dataclass(frozen=True)
class Logins:
    """All of them: a record each in `folder`."""

    folder: Path
    vault: Vault
    clock: Callable[[], float] = time.time

    def all(self) -> tuple[Kept, ...]:
        """Return what is kept, by agent and name. Raises `StateUnreadable`."""
        return tuple(sorted(self._read(), key=lambda kept: kept.label))

    def find(self, agent: str, name: str) -> Kept | None:
        """Return one of them. Raises `StateUnreadable`."""
        return next((one for one in self._read() if (one.agent, one.name) == (agent, name)), None)

    def keep(
        self,
        agent: str,
        name: str,
        login: Login,
        text: str,
        *,
        plain: bool = False,
        expires: int | None = None,
        reference: str = "",
    ) -> Kept:
        """Keep `text`, in place of what had that name; with `plain` in a file.

        With a `reference` only that is kept, and what is there is fetched for each machine.

        Raises:
            BadLoginName: it could name no file.
            NoKeyring: nothing was kept, and nothing changed.
        """
        for part in (agent, name):
            if not _NAME.fullmatch(part):
                raise BadLoginName(part)
        now = int(self.clock())
        if expires is None and login.days and not reference:  # nobody knows since when it is there
            expires = now + login.days * _DAY_S
        kept = Kept(
            agent=agent,
            name=name,
            title=login.title,
            variable=login.variable,
            file=login.file,
            since=now,
            expires=expires,
            place="reference" if reference else "file" if plain else "keyring",
            mark=secrets.token_hex(4),
            reference=reference,
            content=login.content,
        )
        held = login.held(text)
        old = self.find(agent, name)
        if plain:
            self._write_file(kept, held)
        elif reference:
            pass  # it stays where it is
        elif not self.vault.put(_entry(kept), held):
            raise NoKeyring(kept.label)
        write_json(self._record(kept), kept)
        if old is not None and old.place != kept.place:
            self._forget_text(old)
        return kept

    def forget(self, kept: Kept) -> None:
        """Forget a login, and what is secret of it first."""
        self._forget_text(kept)
        self._record(kept).unlink(missing_ok=True)

    def text(self, kept: Kept) -> Secret | None:
        """Return what machines get of it; None where neither keyring nor file has it."""
        if kept.place == "keyring":
            return Secret(found) if (found := self.vault.get(_entry(kept))) else None
        if kept.place == "reference":
            return None
        try:
            return Secret(self._file(kept).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def wanted(self, agents: Mapping[str, str]) -> tuple[tuple[Kept, Wanted], ...]:
        """Return those that a project chooses and that are kept, with how they are fetched."""
        found = (self.find(agent, name) for agent, name in agents.items())
        provider = _Provider(self)
        return tuple(
            (kept, Wanted(kept.variable, Reference(provider, kept.label, kept.mark)))
            for kept in found
            if kept is not None
        )

    def missing(self, agents: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return those that a project chooses and that are not kept, as agent and name."""
        return tuple(pair for pair in agents.items() if self.find(*pair) is None)

    def _read(self) -> Iterator[Kept]:
        for path in self.folder.glob("*.json"):
            try:
                yield msgspec.json.decode(path.read_bytes(), type=Kept)
            except msgspec.DecodeError as error:
                raise StateUnreadable(path, str(error)) from error

    def _record(self, kept: Kept) -> Path:
        return self.folder / f"{kept.agent}.{kept.name}.json"

    def _file(self, kept: Kept) -> Path:
        return self.folder / f"{kept.agent}.{kept.name}.secret"

    def _write_file(self, kept: Kept, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._file(kept)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)

    def _forget_text(self, kept: Kept) -> None:
        if kept.place == "keyring":
            self.vault.remove(_entry(kept))
        elif kept.place == "file":
            self._file(kept).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Provider:
    """Kept logins as a store of secrets. No project file can name it."""

    logins: Logins

    scheme = "login"
    form = re.compile(r"[\w-]+/[\w-]+")
    example = "login:AGENT/NAME"
    has_keys = True
    has_slashes = False

    def check(self, tools: Tools) -> Checked:
        """See Provider."""
        del tools
        return Checked(True, "inv login keeps them")

    def fetch(self, paths: Sequence[str], tools: Tools) -> Mapping[str, Values | ProviderFailed]:
        """See Provider: the key of a login is its mark."""
        return {path: self._read(path, tools) for path in paths}

    def _read(self, path: str, tools: Tools) -> Values | ProviderFailed:
        agent, _, name = path.partition("/")
        kept = self.logins.find(agent, name)
        if kept is not None and kept.reference:
            return _from_store(kept, tools)
        text = self.logins.text(kept) if kept else None
        if kept is None or text is None:
            return ProviderFailed(f"it is not kept here; again: inv login {agent} --name {name}")
        return {kept.mark: text}


def _from_store(kept: Kept, tools: Tools) -> Values | ProviderFailed:
    from .login_fetch import text_at  # noqa: PLC0415 - all stores, for a login of theirs alone

    try:
        text = text_at(kept.reference, kept.variable, tools)
    except GuardError as error:
        return ProviderFailed(str(error))
    return {kept.mark: Secret(kept.content.replace("{}", text.reveal()))}


def _entry(kept: Kept) -> str:
    return f"login/{kept.label}"
