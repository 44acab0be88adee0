"""Where a project's own keys are entered at its forges, and entering them by `gh`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guard.errors import GuardError, printable

if TYPE_CHECKING:
    from guard.repo_url import RepoUrl

_PAGES = {
    "github.com": "https://github.com/{path}/settings/keys/new",
    "gitlab.com": "https://gitlab.com/{path}/-/settings/repository#js-deploy-keys-settings",
    "bitbucket.org": "https://bitbucket.org/{path}/admin/access-keys/",
    "codeberg.org": "https://codeberg.org/{path}/settings/keys",
}
_TAKES_S = 60


@dataclass(eq=False)
class NotRegistered(GuardError):
    """A deploy key that `gh` did not enter."""

    repo: str
    reason: str

    def __str__(self) -> str:
        return (
            f"the key was not entered for {self.repo}: {self.reason}\n"
            "enter it by hand on the page that `inv keys.deploy` names, or see `gh auth status`"
        )


def page(url: RepoUrl) -> str:
    """Return where a deploy key of this repo is entered; "" for a server that is no big forge."""
    return _PAGES.get(url.host.lower(), "").format(path=url.path)


def register(url: RepoUrl, line: str, title: str, environ: Mapping[str, str]) -> None:
    """Enter a key for a repo of github.com, allowed to push.

    Raises:
        NotRegistered: it is on another server, or `gh` is absent or refuses.
    """
    if url.host.lower() != "github.com":
        raise NotRegistered(url.text, "gh enters keys at github.com only")
    argv: Sequence[str] = (
        *("gh", "repo", "deploy-key", "add", "-"),
        *("--repo", url.path, "--title", title, "--allow-write"),
    )
    try:
        done = subprocess.run(
            argv,
            input=f"{line}\n",
            env={**environ, "GH_PROMPT_DISABLED": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TAKES_S,
            check=False,
        )
    except FileNotFoundError:
        raise NotRegistered(url.text, "there is no `gh` here") from None
    except subprocess.TimeoutExpired:
        raise NotRegistered(url.text, f"gh took more than {_TAKES_S} s") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise NotRegistered(url.text, printable(lines[-1]) if lines else "gh said nothing")
