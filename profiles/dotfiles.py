"""Your dotfiles: a repository of your own, and the command that installs it.

    [defaults.options.dotfiles]
    repo = "git@github.com:ann/dotfiles.git"
    install = "./install.sh"

This stands in your own projects.toml and nowhere else: a repo's .nopal.toml that sets one of these
options is refused, since they say what is cloned by your key and run at your login. A project that
names the profile, but nobody these options, gets nothing.

The clone is made over the forwarded SSH agent. The command runs inside of it, as the login user and
without the agent, once for each commit: a clone that is there is never touched, so after
`git -C ~/.dotfiles pull` in the machine the next `inv up` installs what came. Another command is
another reason to run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from provision import Check, Command, GitClone, Step
from provision.shell import quote_path

from .profile import profile

_INSTALLED = "~/.local/state/nopal/dotfiles"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `dotfiles`."""

    repo: str = ""
    """The URL of the repository; empty: no dotfiles."""
    branch: str = ""
    """Empty: the one that the remote's HEAD names."""
    to: str = "~/.dotfiles"
    """Where the clone is, from `~/`."""
    install: str = ""
    """Shell that is run inside the clone, such as `./install.sh` or `stow zsh vim`."""

    def __post_init__(self) -> None:
        """Refuse a place that is not the login user's."""
        if not self.to.startswith("~/"):
            message = "`to` begins with ~/"
            raise ValueError(message)


@profile(requires=["git"])
def dotfiles(options: Options) -> Iterator[Step]:
    """Your dotfiles, cloned and installed once for each commit."""
    if not options.repo:
        yield Check("true # no dotfiles: no `repo` is named in your own projects.toml")
        return
    yield GitClone(options.repo, options.to, branch=options.branch)
    clone = quote_path(options.to)
    if options.install.strip():
        yield _install(options.install, clone)
    yield Check(f"git -C {clone} rev-parse HEAD", matches=r"^[0-9a-f]{40}")


def _install(command: str, clone: str) -> Command:
    done = quote_path(_INSTALLED)
    # What a commit installs depends on the command, too.
    digest = hashlib.sha256(command.encode()).hexdigest()[:16]
    state = f'"$(git -C {clone} rev-parse HEAD) {digest}"'
    script = f"""\
nopal_state={state}
(
cd {clone}
{command}
)
mkdir -p {done.rpartition("/")[0]}
printf '%s\\n' "$nopal_state" > {done}"""
    unless = f"grep -qsxF -e {state} {done}"
    return Command(script, unless=unless, name="install the dotfiles", run_as="login")
