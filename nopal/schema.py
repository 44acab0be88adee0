"""The keys of the two project files and the types of their values.

Defaults are in `built_in.py`; what a type can't say (order of ports, digests) is in `values.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Size = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,6}[GM]iB$",
        description='a size with its unit, GiB or MiB, such as "8GiB" or "512MiB"',
    ),
]
ProfileName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description='names of profiles (small letters, digits, `-`, `_`), such as ["docker"]',
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$",
        description='a time zone of the tz database, such as "Europe/Madrid"',
    ),
]
Locale = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z]{1,8}(_[A-Za-z]{2})?(\.[A-Za-z0-9-]{1,16})?(@[a-z]{1,16})?$",
        description='a locale, such as "en_GB.UTF-8"',
    ),
]
MountText = Annotated[
    str,
    Meta(
        pattern=r"^(/.*|~/.*|~):(ro|rw|rw,git-ro)$",
        description='folders of this host with `:ro`, `:rw` or `:rw,git-ro`, such as ["~/code:rw"]',
    ),
]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
PortText = Annotated[str, Meta(pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?$")]
Port = PortNumber | PortText
SecretName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
        description='a list of names of variables, such as ["NPM_TOKEN"]',
    ),
]
LoginName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$",
        description='the name of a login that `inv login` keeps, such as "personal"',
    ),
]
SecretPlace = str | list[str]


class RepoTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A repo that needs more than its URL."""

    url: str
    branch: str = ""
    path: str = ""
    dependencies: bool = True


class PortTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A port, or a range, of the guest that has another number on the host."""

    guest: Port
    host: Port


class GitTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who commits in the guest."""

    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET


class RateTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a machine may use keys."""

    sign: str | UnsetType = UNSET
    login: str | UnsetType = UNSET
    ask: str | UnsetType = UNSET


class KeysTable(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"while_": "while"},
):
    """Which keys of this computer a machine may use, and for what; see `key_settings.py`."""

    expose: (
        Annotated[
            str | list[str], Meta(description='"auto", "deploy", or a list of keys of your agent')
        ]
        | UnsetType
    ) = UNSET
    signing: Literal["person", "project"] | UnsetType = UNSET
    agent: (
        Annotated[str, Meta(description='"1password", "env:NAME", or the path of a socket')]
        | UnsetType
    ) = UNSET
    sign: (
        Annotated[dict[str, str], Meta(description='a table such as {git = "allow"}')] | UnsetType
    ) = UNSET
    login: (
        Annotated[
            str | dict[str, str],
            Meta(description='"auto", or a table such as {"github.com" = "allow"}'),
        ]
        | UnsetType
    ) = UNSET
    users: (
        Annotated[
            dict[str, list[str]], Meta(description='a table such as {"github.com" = ["git"]}')
        ]
        | UnsetType
    ) = UNSET
    hostbound: (
        Annotated[list[str], Meta(description='a list of hosts, such as ["prod.example.org"]')]
        | UnsetType
    ) = UNSET
    unbound: Literal["allow", "ask", "deny"] | UnsetType = UNSET
    rate: (
        Annotated[RateTable, Meta(description='a table such as {sign = "60/10m"}')] | UnsetType
    ) = UNSET
    remember: Annotated[str, Meta(description='a time such as "15m"')] | UnsetType = UNSET
    while_: Literal["always", "connected", "never"] | UnsetType = UNSET


class SharedKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys that both files may set."""

    image: (
        Annotated[
            str,
            Meta(
                description='"debian-13", "ubuntu-24.04", or (only in your own file) '
                'a path or URL with its digest: "https://…/disk.qcow2#sha256:…"'
            ),
        ]
        | UnsetType
    ) = UNSET
    cpus: (
        Annotated[int, Meta(ge=1, le=512, description="a whole number from 1 to 512")] | UnsetType
    ) = UNSET
    memory: Size | UnsetType = UNSET
    disk: Size | UnsetType = UNSET
    profiles: list[ProfileName] | UnsetType = UNSET
    options: (
        Annotated[
            dict[str, dict[str, Any]],
            Meta(description="a table for each profile, such as [options.docker]"),
        ]
        | UnsetType
    ) = UNSET
    repos: (
        Annotated[
            list[str | RepoTable],
            Meta(
                description="a list of URLs, or of tables with `url` and, if need be, `branch`, "
                "`path` and `dependencies`"
            ),
        ]
        | UnsetType
    ) = UNSET
    ports: (
        Annotated[
            str | list[Port | PortTable],
            Meta(
                description='"auto", "none", or a list of ports 1 to 65535 such as '
                '[8080, "3000-3010", {guest = 80, host = 8000}]'
            ),
        ]
        | UnsetType
    ) = UNSET
    shell: Literal["bash", "zsh", "fish"] | UnsetType = UNSET
    checkpoint: Literal["never", "detached"] | UnsetType = UNSET
    timezone: TimeZone | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET


class RepoFile(SharedKeys, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `.nopal.toml` at the root of a repo may hold."""

    name: (
        Annotated[str, Meta(description="the project's name, which is also its machine's")]
        | UnsetType
    ) = UNSET

    wants_secrets: (
        Annotated[list[SecretName], Meta(description='names of variables: ["NPM_TOKEN"]')]
        | UnsetType
    ) = UNSET


class PersonKeys(SharedKeys, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What [defaults] and [projects.NAME] of the person's own file may hold."""

    autonomy: Literal["auto", "full", "ask"] | UnsetType = UNSET
    signing: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET
    signing_key: (
        Annotated[
            str,
            Meta(description="an SSH public key, or the path of one (a .pub file)"),
        ]
        | UnsetType
    ) = UNSET
    allowed_signers: (
        Annotated[
            list[str], Meta(description="a list of lines such as those of ssh's allowed_signers")
        ]
        | UnsetType
    ) = UNSET
    mode: Literal["project", "shared"] | UnsetType = UNSET
    mounts: list[MountText] | UnsetType = UNSET
    watch: Literal["none", "events", "poll"] | UnsetType = UNSET
    secrets: (
        Annotated[
            dict[str, SecretPlace | dict[str, SecretPlace]],
            Meta(
                description="a table of references, such as "
                '{NPM_TOKEN = "op://Work/npm/token"}; a table in it is for one repo alone'
            ),
        ]
        | UnsetType
    ) = UNSET
    agents: (
        Annotated[
            dict[ProfileName, LoginName],
            Meta(description='a table of logins, such as {claude = "personal"}'),
        ]
        | UnsetType
    ) = UNSET
    skills: (
        Annotated[
            list[Annotated[str, Meta(pattern=r"^(/|~/)")]],
            Meta(description="a list of folders of this host, from `/` or `~/`"),
        ]
        | UnsetType
    ) = UNSET
    notify: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET
    secrets_dotenv: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET
    checkpoint_memory: Literal["auto", "always", "never"] | UnsetType = UNSET
    keys: (
        Annotated[
            str | KeysTable,
            Meta(description='"deploy", or a table such as [projects.NAME.keys]'),
        ]
        | UnsetType
    ) = UNSET
    git: (
        Annotated[GitTable, Meta(description='a table such as {name = "…", email = "…"}')]
        | UnsetType
    ) = UNSET
    extra_ca: (
        Annotated[
            list[Annotated[str, Meta(pattern=r"^(/|~/)")]],
            Meta(description="a list of certificate files of this host, from `/` or `~/`"),
        ]
        | UnsetType
    ) = UNSET


class PersonFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the person's `projects.toml` may hold."""

    defaults: PersonKeys | UnsetType = UNSET
    projects: dict[str, PersonKeys] | UnsetType = UNSET


PERSON_ONLY = frozenset(PersonKeys.__struct_fields__) - frozenset(RepoFile.__struct_fields__)
"""Keys by which a machine gets more of its host: a repo may not set them."""
_ALL: frozenset[str] = frozenset()
PERSON_ONLY_OPTIONS: Mapping[str, frozenset[str]] = {
    "dotfiles": _ALL,
    "claude": frozenset({"settings", "plugins", "mcp", "sandbox"}),
}
"""By profile, options that a repo may not set; none named: all of them. They say what is done with
the person's keys, or what an agent does without asking."""
