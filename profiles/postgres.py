"""A PostgreSQL server in the machine, in which `psql` just works for the person and the agents.

The login user is a superuser of the server and owns a database of the same name, so `psql`,
`createdb` and `pg_dump` need no option. Logins over the socket need no password, since the server
asks the kernel who is calling:

    DATABASE_URL=postgresql:///blog?host=/run/postgresql

The packages make the server listen on loopback alone. Over TCP it wants a password, which
`alter role dev password '…'` sets.

The distribution's version by default: 17 in Debian 13, 16 in Ubuntu 24.04. Any other comes from
PostgreSQL's own repository. Data of another version stays where it is: see `pg_upgradecluster`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from provision import Apt, AptRepository, Check, Command, Service, Step
from provision.shell import quote

from .guest import Guest
from .profile import profile

# https://www.postgresql.org/download/linux/debian/: the key by which that repository is signed.
KEY_FINGERPRINT = "B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8"

_PACKAGED = {"debian": 17, "ubuntu": 16}
_OLDEST, _NEWEST = 13, 30


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `postgres`."""

    version: int = 0
    """The major version, such as `17`; 0: the distribution's."""
    databases: tuple[str, ...] = ()
    """Further databases of the login user's, such as `blog_test`."""

    def __post_init__(self) -> None:
        """Refuse a version that no repository has, and names that would need quotes in SQL."""
        if self.version and not _OLDEST <= self.version <= _NEWEST:
            message = f"`version` is a major version of PostgreSQL from {_OLDEST} on, such as 17"
            raise ValueError(message)
        for name in self.databases:
            if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
                message = f"`{name}` is no name of a database: small letters, digits, `_`"
                raise ValueError(message)


@profile
def postgres(options: Options, guest: Guest) -> Iterator[Step]:
    """PostgreSQL server on loopback, with a role and a database for the user."""
    packaged = _PACKAGED.get(guest.distribution, 0)
    if options.version not in {0, packaged}:
        yield AptRepository(
            "postgresql",
            uris=("https://apt.postgresql.org/pub/repos/apt",),
            suites=("{codename}-pgdg",),
            key_url="https://www.postgresql.org/media/keys/ACCC4CF8.asc",
            key_fingerprints=(KEY_FINGERPRINT,),
        )
    yield Apt(f"postgresql-{options.version}" if options.version else "postgresql")
    yield Service("postgresql")
    # Who has sudo may do anything to the server anyway, and an extension wants a superuser.
    yield _unless_listed(
        "role", guest.user, "select rolname from pg_roles", "createuser --superuser"
    )
    for name in dict.fromkeys((guest.user, *options.databases)):
        yield _unless_listed(
            "database",
            name,
            "select datname from pg_database",
            f"createdb --owner {quote(guest.user)}",
        )
    # An older server keeps the port that a newer one would take: which one answers is told.
    wanted = options.version or packaged
    yield Check("psql -XAtc 'show server_version'", matches=rf"^{wanted or ''}\b")


def _unless_listed(kind: str, name: str, query: str, create: str) -> Command:
    """Make `name` by `create` where `query` does not list it, both as the server's own user."""
    # In a folder which that user may enter.
    is_listed = f"cd /\nrunuser -u postgres -- psql -XAtc {quote(query)} | grep -qxF {quote(name)}"
    # The server may have been down when it was asked first.
    script = f"{is_listed} || runuser -u postgres -- {create} {quote(name)}"
    return Command(script, unless=is_listed, name=f"{kind} {name}")
