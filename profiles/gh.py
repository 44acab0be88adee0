"""GitHub's command line, and git's logins to GitHub through it.

From GitHub's own release, pinned by checksum: the versions that Debian 13 and Ubuntu 24.04 ship ask
for a field that GitHub removed, so `gh pr edit` and `gh issue view` fail; 2.82.1 is the first good
one. Where github.com cannot be reached the distribution's gh is installed, and said so.

No credential is written: `gh auth login` inside, or GH_TOKEN in the environment.

Checksums: https://github.com/cli/cli/releases/download/v2.92.0/gh_2.92.0_checksums.txt. Another
version is taken by the options `version` and `sha256` together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Apt, Archive, Block, Check, Command, FirstOf, Link, Step
from provision.shell import quote

from .guest import Guest
from .login import Login
from .pin import Pin
from .profile import profile
from .release import check_release

MIRROR = "https://github.com/cli/cli/releases/download"
GH = Pin(
    "gh",
    "2.92.0",
    registry="github",
    package="cli/cli",
    artefacts={
        "x86_64": f"{MIRROR}/v{{version}}/gh_{{version}}_linux_amd64.tar.gz",
        "aarch64": f"{MIRROR}/v{{version}}/gh_{{version}}_linux_arm64.tar.gz",
    },
    checksums={
        "x86_64": "b57848131bdf0c229cd35e1f2a51aa718199858b2e728410b37e89a428943ec4",
        "aarch64": "c2248526dd0160c08d3fccca2332c3c1a07c15a78b23978e77735f1b5a18cfee",
    },
)
PINS = (GH,)

LOGINS = (
    Login(
        title="a fine-grained token",
        form=r"github_pat_\w{20,500}",
        variable="GH_TOKEN",
        how=(
            "make a fine-grained token at https://github.com/settings/personal-access-tokens/new:"
            " only the project's repos, with contents, pull requests and issues to read and write"
        ),
    ),
    Login(
        title="a classic or other token",
        form=r"gh[opsu]_\w{20,500}",
        variable="GH_TOKEN",
        how="a classic token (ghp_…) works too, and reaches all that you do",
    ),
)

PREFIX = "/opt/gh"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `gh`."""

    version: str = GH.version
    """An exact version, such as `2.92.0`."""
    sha256: str = ""
    """Checksum of the `linux` tarball of that version for the machine's architecture."""
    mirror: str = MIRROR
    """Where `v2.92.0/gh_2.92.0_linux_amd64.tar.gz` is found."""

    def __post_init__(self) -> None:
        """Refuse what no checksum stands behind."""
        check_release(
            version=self.version, pinned=GH.version, sha256=self.sha256, mirror=self.mirror
        )


@profile
def gh(options: Options, guest: Guest) -> Iterator[Step]:
    """GitHub's command line, from GitHub's own release."""
    url = GH.url(guest.machine, options.version)
    official = Archive(
        url.replace(MIRROR, options.mirror.rstrip("/"), 1),
        sha256=options.sha256 or GH.checksums[guest.machine],
        to=PREFIX,
    )
    link = Link("/usr/local/bin/gh", f"{PREFIX}/bin/gh")
    if options.version == GH.version:
        yield FirstOf("gh", (official, link), (Apt("gh"), _said_aloud(official.url)))
    else:
        # Who asks for a version gets that one or an error.
        yield official
        yield link
    # The system's file is the weakest: what `gh auth setup-git` or a person sets wins.
    yield Block("/etc/gitconfig", _CREDENTIALS, marker="gh")
    yield Block("/etc/environment", "GH_NO_UPDATE_NOTIFIER=1\n", marker="gh")
    yield Check("gh --version", matches=r"gh version \d+\.")


def _said_aloud(url: str) -> Command:
    lines = (
        f"{url} cannot be reached: this machine has the distribution's gh.",
        "Before 2.82.1 `gh pr edit` and `gh issue view` fail; `gh api` works.",
    )
    script = "\n".join(f"echo {quote(line)}" for line in lines)
    return Command(script, unless="[ -e /usr/bin/gh ]", name="the distribution's gh")


# `gh` is found on PATH; git runs a helper that begins with `!` in a shell.
_CREDENTIALS = """\
[credential "https://github.com"]
	helper = !gh auth git-credential
[credential "https://gist.github.com"]
	helper = !gh auth git-credential
"""
