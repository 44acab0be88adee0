"""What every machine has: a time zone, a locale, a shell, tmux, common tools, a word to the agents.

The first profile of every machine, named or not. Nothing here replaces a file that a person edits:
what is not a drop-in of its own is a marked block or a single line.

To write a profile of your own, read `node.py` or `docker.py`; this one is long because it gathers
what has no better place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import msgspec

from provision import Apt, Block, Check, Command, Directory, File, Line, Link, Step, User
from provision.shell import quote

from .data import read_data
from .environment import environment
from .guest import Guest
from .memory import MARKDOWN_COMMENT, memory
from .mounted import mounted
from .profile import profile
from .skills import skills

PACKAGES = (
    "ca-certificates",
    "curl",
    "git",
    "gnupg",
    "jq",
    "less",
    "ncurses-term",  # terminfo of the terminals that people come with
    "openssh-client",
    "procps",
    "python3",
    "ripgrep",
    "rsync",
    "sudo",
    "tmux",
    "tzdata",
    "unzip",
    "xz-utils",
)

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `base`."""

    packages: tuple[str, ...] = ()
    """Further packages of the distribution, such as `build-essential`."""
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    """Variables for every session in the machine, agents and scripts included. No secrets."""

    def __post_init__(self) -> None:
        """Refuse names that no shell could set."""
        for name in self.environment:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                message = f"`{name}` is no name of an environment variable"
                raise ValueError(message)
        for name, value in self.environment.items():
            if not value.isprintable():
                message = f"the value of `{name}` holds a control character"
                raise ValueError(message)


@profile
def base(options: Options, guest: Guest) -> Iterator[Step]:
    """Common tools, time zone, locale, shell, tmux, a word to the agents."""  # noqa: D401
    for package in dict.fromkeys((*PACKAGES, *options.packages)):
        yield Apt(package)
    yield from _trust(guest)
    yield from _clock_and_language(guest)
    yield from _shell(guest)
    yield from environment(guest, options.environment)
    yield File("/etc/tmux.conf", read_data("tmux.conf"))
    # Lima makes every boot a new instance for cloud-init, which would throw the host keys away and
    # with them the key that nopal pinned.
    yield File("/etc/cloud/cloud.cfg.d/90-nopal.cfg", "ssh_deletekeys: false\n")
    # sudo drops the variable by default; this keeps it so whatever else is configured.
    yield File("/etc/sudoers.d/nopal", 'Defaults env_keep -= "SSH_AUTH_SOCK"\n', mode="0440")
    yield Directory("~/code")
    yield from mounted(guest)
    for path in ("~/AGENTS.md", "~/CLAUDE.md"):
        yield Block(path, memory(guest), comment=MARKDOWN_COMMENT)
    yield from skills(guest)
    yield Check("tmux -V && rg --version", matches=r"^ripgrep")


def _trust(guest: Guest) -> Iterator[Step]:
    """Certificates named after their content, so that a name says whether one is installed."""
    folder = "/usr/local/share/ca-certificates"
    names = []
    # A file may be a bundle, but update-ca-certificates wants one certificate in each.
    for certificate in dict.fromkeys(_CERTIFICATE.findall("\n".join(guest.extra_ca))):
        names.append(f"nopal-{hashlib.sha256(certificate.encode()).hexdigest()[:16]}")
        yield File(f"{folder}/{names[-1]}.crt", certificate + "\n")
    wanted = " ".join(sorted(names))
    # Links in /etc/ssl/certs are what update-ca-certificates made of the files; no file without its
    # link, and no certificate that is no longer wanted.
    installed = (
        "for link in /etc/ssl/certs/nopal-*.pem; do\n"
        '[ ! -L "$link" ] || { link=${link##*/}; echo "${link%.pem}"; }\ndone'
    )
    # What update-ca-certificates does, for these alone: it takes a minute in an emulated machine,
    # and is needed only to take a certificate out. It leaves the link of one that is gone.
    script = f"""\
wanted={quote(wanted)}
cd /etc/ssl/certs
is_stale=
for link in nopal-*.pem; do
    name=${{link%.pem}}
    case " $wanted " in
    *" $name "*) ;;
    *) [ ! -L "$link" ] || is_stale=yes; rm -f "$link" "{folder}/$name.crt" ;;
    esac
done
for name in $wanted; do
    file={folder}/$name.crt
    ln -sf "$file" "$name.pem"
    ln -sf "$name.pem" "$(openssl x509 -hash -noout -in "$file").0"
    # The line before the last is the end of the signature: no other certificate has it.
    line=$(tail -n 2 "$file" | head -n 1)
    grep -qxF -e "$line" ca-certificates.crt || cat "$file" >> ca-certificates.crt
done
[ -z "$is_stale" ] || update-ca-certificates"""
    one_a_line = "\n".join(sorted(names))
    is_done = f'[ "$({installed})" = {quote(one_a_line)} ]'
    yield Command(script, unless=is_done, name="certificates")


def _clock_and_language(guest: Guest) -> Iterator[Step]:
    zone = f"/usr/share/zoneinfo/{guest.timezone}"
    # Old names such as Asia/Calcutta, which some hosts still use, are in a package of their own.
    yield Command(
        "apt-get -q update\nDEBIAN_FRONTEND=noninteractive apt-get -q -y install tzdata-legacy",
        unless=f"[ -e {quote(zone)} ]",
        name="time zone",
    )
    yield Link("/etc/localtime", zone)
    yield File("/etc/timezone", f"{guest.timezone}\n")
    # These are part of the C library; every other locale has to be built.
    if guest.locale not in {"C.UTF-8", "C", "POSIX"}:
        charset = guest.locale.partition(".")[2] or "UTF-8"
        yield Apt("locales")
        yield Line("/etc/locale.gen", f"{guest.locale} {charset}")
        built = guest.locale.replace("UTF-8", "utf8")
        yield Command("locale-gen", unless=f"locale -a | grep -qxF {quote(built)}", name="locale")
    yield Line("/etc/default/locale", f"LANG={guest.locale}", match="^LANG=")


def _shell(guest: Guest) -> Iterator[Step]:
    if guest.shell != "bash":
        yield Apt(guest.shell)
    program = "/bin/bash" if guest.shell == "bash" else f"/usr/bin/{guest.shell}"
    yield User(guest.user, shell=program)
    if guest.shell == "zsh":
        # zsh asks its first-run questions as long as there is no ~/.zshrc.
        yield Block("~/.zshrc", "autoload -Uz compinit && compinit -i\n")
