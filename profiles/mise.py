"""mise: the tools that the project's repos name, at the versions that they name.

A repo says in its own `mise.toml`, `.mise.toml` or `.tool-versions` which node, python or terraform
it wants. After cloning, `mise install` gets them for every clone, and again when the files name
something that is not there. In a clone's folders each tool is then on PATH for every kind of shell,
by mise's shims; at a prompt mise also sets the `[env]` of the folder.

A `mise.toml` can run programs, so mise asks before it reads one. The project's clones are trusted,
nothing else is: elsewhere in the machine `mise trust` stays the person's own word. Tools come from
where mise finds them, mostly github.com; what cannot be reached fails with mise's own words.
`install = false` leaves that to you.

From mise's own release, pinned by checksum. Where github.com cannot be reached, the same version
comes from npm, if the project has the profile `node`. Checksums:
https://github.com/jdx/mise/releases/download/v2026.9.14/SHASUMS256.txt. Another version is taken by
the options `version` and `sha256` together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from provision import Archive, Check, Command, File, FirstOf, Link, Npm, Step
from provision.shell import quote_path

from .guest import Guest
from .pin import Pin
from .profile import profile
from .release import check_release
from .shell_hooks import at_every_prompt, in_every_shell

MIRROR = "https://github.com/jdx/mise/releases/download"
MISE = Pin(
    "mise",
    "2026.9.14",
    registry="github",
    package="jdx/mise",
    artefacts={
        "x86_64": f"{MIRROR}/v{{version}}/mise-v{{version}}-linux-x64.tar.gz",
        "aarch64": f"{MIRROR}/v{{version}}/mise-v{{version}}-linux-arm64.tar.gz",
    },
    checksums={
        "x86_64": "343b133839d6a1d6c92daca90c4dbf7981dc28de8d308e5198a4ef24df8f5338",
        "aarch64": "49a1185936100e061471d7035cbaf3eb13d17a6e1772daae2e1ec6cee0fb2d22",
    },
)
PINS = (MISE,)

_NPM = {"x86_64": "@jdxcode/mise-linux-x64", "aarch64": "@jdxcode/mise-linux-arm64"}

PREFIX = "/opt/mise"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `mise`."""

    version: str = MISE.version
    """An exact version, such as `2026.9.14`."""
    sha256: str = ""
    """Checksum of the `linux` tarball of that version for the machine's architecture."""
    mirror: str = MIRROR
    """Where `v2026.9.14/mise-v2026.9.14-linux-x64.tar.gz` is found."""
    install: bool = True
    """Whether the tools of the project's repos are installed after cloning."""
    version_files: tuple[str, ...] = ()
    """Tools whose own files count as well, such as `node` for `.nvmrc`."""

    def __post_init__(self) -> None:
        """Refuse what no checksum stands behind."""
        check_release(
            version=self.version, pinned=MISE.version, sha256=self.sha256, mirror=self.mirror
        )


@profile
def mise(options: Options, guest: Guest) -> Iterator[Step]:
    """Tools at the versions that the project's repos name."""
    url = MISE.url(guest.machine, options.version)
    official = Archive(
        url.replace(MIRROR, options.mirror.rstrip("/"), 1),
        sha256=options.sha256 or MISE.checksums[guest.machine],
        to=PREFIX,
    )
    link = Link("/usr/local/bin/mise", f"{PREFIX}/bin/mise")
    if options.version == MISE.version:
        yield FirstOf("mise", (official, link), Npm(_NPM[guest.machine], MISE.version))
    else:
        # Who asks for a version gets that one or an error.
        yield official
        yield link
    yield File("/etc/mise/conf.d/nopal.toml", _settings(options, guest))
    yield from in_every_shell(guest, "mise", path=["~/.local/share/mise/shims"])
    yield from at_every_prompt(guest, "mise", "mise activate")
    for repo in guest.repos if options.install else ():
        yield _tools(repo.path)
    yield Check(_SETS_A_VARIABLE, matches=r"^hello from mise$")


def _settings(options: Options, guest: Guest) -> str:
    clones = [guest.absolute(repo.path) for repo in guest.repos]
    # A list of texts in JSON is one in TOML.
    return (
        "# Written by nopal. Your own settings go into ~/.config/mise/config.toml.\n"
        "[settings]\n"
        f"trusted_config_paths = {json.dumps(clones)}\n"
        f"idiomatic_version_file_enable_tools = {json.dumps(options.version_files)}\n"
    )


def _tools(clone: str) -> Command:
    """Install what the clone's files name; the guard asks no server, or every look would."""
    folder = quote_path(clone)
    return Command(
        f"cd {folder}\nmise install --yes",
        # A version that is known only to a server, such as `latest`, is a warning here.
        unless=f"cd {folder} && seen=$(MISE_OFFLINE=1 mise ls --current --missing 2>&1)"
        ' && [ -z "$seen" ]',
        name=f"tools of {clone}",
        run_as="login",
    )


_SETS_A_VARIABLE = """\
mise --version
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
printf '[env]\\nGREETING = "hello from mise"\\n' >"$place/mise.toml"
MISE_TRUSTED_CONFIG_PATHS="$place" mise exec -C "$place" -- printenv GREETING"""
