"""git as the person uses it: name, e-mail, signed commits and tags, known forges.

The private key stays on the host: git holds the public key itself (`key::…`) and asks the SSH agent
for each signature. Everything is in one file of nopal's, ~/.config/nopal/gitconfig, which the
system's /etc/gitconfig includes. git reads that before ~/.gitconfig, so whatever a person or an
agent sets inside wins, wherever in their file it stands; and a machine that no longer signs keeps
nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from provision import Apt, Block, Check, Directory, File, Step

from .errors import ProfileError
from .guest import Guest
from .profile import profile

FOLDER = "~/.config/nopal"
CONFIG = f"{FOLDER}/gitconfig"
ALLOWED_SIGNERS = f"{FOLDER}/allowed_signers"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `git`."""

    config: dict[str, str] = msgspec.field(default_factory=dict)
    """Further settings by their dotted names, such as `{"pull.rebase" = "true"}`."""
    lfs: bool = False
    """Large file support."""

    def __post_init__(self) -> None:
        """Refuse names that git could not read back."""
        for key in self.config:
            if not re.fullmatch(r"[A-Za-z0-9-]+\.(?:[^\n\0]*\.)?[A-Za-z][A-Za-z0-9-]*", key):
                message = f"`{key}` is no setting of git: they read `section.name`"
                raise ValueError(message)


@dataclass(eq=False)
class NotAPublicKey(ProfileError):
    """A signing key that is no line of an OpenSSH public key."""

    project: str

    def __str__(self) -> str:
        return (
            f"The signing key of project `{self.project}` is no OpenSSH public key: not sent.\n"
            "Name the public half, a line such as `ssh-ed25519 AAAA…`."
        )


@profile
def git(options: Options, guest: Guest) -> Iterator[Step]:
    """Git with your identity, signed commits and tags, pinned forges."""
    if options.lfs:
        yield Apt("git-lfs")
    if guest.known_hosts:
        yield Block("/etc/ssh/ssh_known_hosts", guest.known_hosts)
    # An unattended agent cannot answer ssh's question. A host that is new is noted; one that shows
    # another key than before is refused.
    yield File(
        "/etc/ssh/ssh_config.d/90-nopal.conf", "Host *\n    StrictHostKeyChecking accept-new\n"
    )
    yield Directory(FOLDER, mode="0700")
    yield File(ALLOWED_SIGNERS, allowed_signers(guest))
    yield File(CONFIG, git_config({**settings(guest, lfs=options.lfs), **options.config}))
    yield Block("/etc/gitconfig", f"[include]\n\tpath = {CONFIG}\n")
    yield Check("git --version", matches=r"git version \d")
    if guest.git_email:
        yield Check("git config user.email", matches=r".")


def settings(guest: Guest, *, lfs: bool = False) -> dict[str, str]:
    """Return git's settings by their dotted names."""
    values = {
        "init.defaultBranch": "main",
        "fetch.prune": "true",
        "push.autoSetupRemote": "true",
        "gpg.ssh.allowedSignersFile": ALLOWED_SIGNERS,
    }
    if guest.git_name:
        values["user.name"] = guest.git_name
    if guest.git_email:
        values["user.email"] = guest.git_email
    if guest.signing_key:
        values |= {
            "user.signingKey": f"key::{_public_key(guest)}",
            "gpg.format": "ssh",
            "commit.gpgSign": "true",
            "tag.gpgSign": "true",
        }
    if lfs:
        values |= {
            "filter.lfs.clean": "git-lfs clean -- %f",
            "filter.lfs.smudge": "git-lfs smudge -- %f",
            "filter.lfs.process": "git-lfs filter-process",
            "filter.lfs.required": "true",
        }
    return values


def git_config(values: Mapping[str, str]) -> str:
    """Return `values`, by dotted names, as the text of a configuration file of git."""
    text = "# Written by nopal. Your own settings go into ~/.gitconfig, which wins.\n"
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        section, _, subsection = section.partition(".")
        head = f"{section} {_quoted(subsection)}" if subsection else section
        text += f"[{head}]\n\t{name} = {_quoted(value)}\n"
    return text


def allowed_signers(guest: Guest) -> str:
    """Return whose signatures are good: the person's own and those that the project lists."""
    lines = []
    if guest.signing_key and guest.git_email:
        lines.append(f"{_principal(guest.git_email)} {_public_key(guest)}")
    lines += [line.strip() for line in guest.allowed_signers]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _public_key(guest: Guest) -> str:
    """Return type and key without the comment, which may hold anything."""
    words = guest.signing_key.removeprefix("key::").split()
    is_public = (
        len(words) > 1
        and re.fullmatch(r"[a-z0-9@.-]+", words[0])
        and re.fullmatch(r"AAAA[A-Za-z0-9+/]+=*", words[1])
    )
    if not is_public:
        raise NotAPublicKey(guest.name)
    return " ".join(words[:2])


def _principal(email: str) -> str:
    # The field is a list of patterns: what has a meaning there becomes "any one character".
    return re.sub(r"[\s\",!*#\x00-\x1f\x7f]", "?", email)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'
