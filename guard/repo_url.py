"""URLs and branches of a project's repos, and the folder that each clone gets.

Pure. Parsed by an allow-list, so that none is ever an option, a command or a path of the host:
what is not plainly an SSH or HTTPS repo does not get further.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from guard.errors import GuardError, printable

MAX_URL = 1024
MAX_BRANCH = 244
"""git makes a file `<branch>.lock`; 255 is what file systems take."""

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PATH = r"[\w.~/+@%=,-]+"
_URL = re.compile(
    rf"(?P<scheme>ssh|https)://(?:(?P<user>{_USER})@)?(?P<host>{_HOST}|\[[0-9A-Fa-f:.]+\])"
    rf"(?::(?P<port>[0-9]{{1,5}}))?/(?P<path>{_PATH})"
)
_SCP = re.compile(rf"(?:(?P<user>{_USER})@)?(?P<host>{_HOST}):(?P<path>{_PATH})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(?:://|::)")
_USERINFO = re.compile(r"(://).*@|^()[^/]*:[^/]*@", re.DOTALL)
_BRANCH_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\$`]|\.\.|@\{|//")
_MAX_PORT = 65535
_USE = "use `git@HOST:OWNER/REPO.git`, `ssh://…` or `https://…`"


@dataclass(eq=False)
class RepoUrlRefused(GuardError):
    """A repo URL that nopal does not hand to git. `shown` has no credentials in it."""

    shown: str
    reason: str
    fix: str = _USE

    def __str__(self) -> str:
        return f"the repo `{self.shown}` is refused: {self.reason}.\nIn `repos`, {self.fix}."


@dataclass(eq=False)
class BranchRefused(GuardError):
    """A branch name that git does not take, or that could be read as something else."""

    branch: str
    reason: str

    def __str__(self) -> str:
        return (
            f"the branch `{printable(self.branch, 80)}` is refused: {self.reason}.\n"
            "Give the branch's plain name, such as `main` or `feature/login`."
        )


@dataclass(frozen=True)
class RepoUrl:
    """One repo as a guest reaches it; `text` is the URL as it was written."""

    text: str
    scheme: Literal["ssh", "https"]
    host: str
    path: str
    user: str = ""
    port: int | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """The last part of the path, without `.git`."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def owner(self) -> str:
        """The part of the path before the name; empty when there is none."""
        return self.path.rsplit("/", 2)[-2] if "/" in self.path else ""


def parse_repo_url(text: str) -> RepoUrl:
    """Read an scp-like, `ssh://` or `https://` URL. Raises RepoUrlRefused for anything else."""
    shown = _shown(text)
    if not text or len(text) > MAX_URL:
        raise RepoUrlRefused(shown, "it is empty" if not text else "it is too long")
    if text.startswith("-"):
        raise RepoUrlRefused(shown, "it begins with `-` and would be read as an option")
    if any(one.isspace() or not one.isprintable() for one in text):
        raise RepoUrlRefused(shown, "it holds a space or control character")
    scheme = _SCHEME.match(text)
    if scheme and scheme[0] not in ("ssh://", "https://"):
        raise _unknown_scheme(shown, scheme[0])
    if text.startswith(("/", ".", "~")):
        raise RepoUrlRefused(shown, "it is a path of this host, which no guest can see")
    if scheme and "@" in text.split("/")[2]:
        _refuse_credentials(shown, scheme[1], text.split("/")[2].rpartition("@")[0])
    match = (_URL if scheme else _SCP).fullmatch(text)
    if match is None:
        raise RepoUrlRefused(shown, "it is no URL of a repo, or holds an unusual character")
    port = int(match["port"]) if scheme and match["port"] else None
    if port is not None and not 0 < port <= _MAX_PORT:
        raise RepoUrlRefused(shown, f"there is no port {port}")
    return RepoUrl(
        text,
        "https" if scheme and scheme[1] == "https" else "ssh",
        match["host"].strip("[]"),
        _checked_path(shown, match["path"]),
        match["user"] or "",
        port,
    )


def _shown(text: str) -> str:
    return printable(_USERINFO.sub(lambda found: f"{found[1] or ''}***@", text), 120)


def _unknown_scheme(shown: str, found: str) -> RepoUrlRefused:
    scheme = found.rstrip(":/").lower()
    if scheme in ("http", "git"):
        reason = f"`{scheme}` is neither encrypted nor authenticated"
    elif scheme == "file":
        reason = "it is a path of this host, which no guest can see"
    else:
        reason = f"`{found}` is no transport that is let through"
    return RepoUrlRefused(shown, reason)


def _refuse_credentials(shown: str, scheme: str, userinfo: str) -> None:
    if ":" in userinfo or scheme.lower() == "https":
        fix = "leave user and password out of the URL; the ssh-agent or `gh auth login` log in"
        raise RepoUrlRefused(shown, "it carries credentials, which are not shown here", fix)


def _checked_path(shown: str, path: str) -> str:
    if path.startswith("-"):
        raise RepoUrlRefused(shown, "its path begins with `-`")
    parts = [part for part in path.split("/") if part]
    if any(part in (".", "..") for part in parts):
        raise RepoUrlRefused(shown, "its path holds `.` or `..`")
    if parts:
        parts[-1] = parts[-1].removesuffix(".git")
    if not parts or parts[-1] in ("", ".", "..") or parts[-1].lower() == ".git":
        raise RepoUrlRefused(shown, "it names no repo")
    if parts[-1].startswith("-"):
        raise RepoUrlRefused(shown, "the repo's name begins with `-`")
    return "/".join(parts)


def check_branch(branch: str) -> str:
    """Return `branch` when git takes it as a branch's name (git-check-ref-format), else raise.

    Stricter than git in two places: no `$` and no backtick, for which a branch has no use.
    Raises BranchRefused.
    """
    if not branch or len(branch.encode("utf-8", "surrogatepass")) > MAX_BRANCH:
        raise BranchRefused(branch, "it is empty" if not branch else "it is too long")
    if branch.startswith("-"):
        raise BranchRefused(branch, "it begins with `-` and would be read as an option")
    if not branch.isprintable() or _BRANCH_REFUSED.search(branch):
        raise BranchRefused(branch, "it holds a character or sequence that no branch may have")
    if branch in ("@", "HEAD") or branch.endswith(".") or branch[0] == "/" or branch[-1] == "/":
        raise BranchRefused(branch, "git takes no branch of that form")
    for part in branch.split("/"):
        if part.startswith(".") or part.endswith(".lock"):
            raise BranchRefused(branch, "a part of it begins with `.` or ends with `.lock`")
    return branch


def folder_names(urls: Sequence[RepoUrl]) -> tuple[str, ...]:
    """Return a folder's name for each repo, all different also where case does not count.

    The first repo of a name keeps it, so that a repo added later moves no clone; the next get
    `owner-name`, then `host-owner-name`, then a number.
    """
    taken: set[str] = set()
    names = []
    for url in urls:
        stem = "-".join(part for part in (url.host, url.owner, url.name) if part)
        wanted = [url.name, f"{url.owner}-{url.name}" if url.owner else stem, stem]
        wanted += [f"{stem}-{number}" for number in range(2, len(urls) + 2)]
        folder = next(name for name in map(_folder, wanted) if name.casefold() not in taken)
        taken.add(folder.casefold())
        names.append(folder)
    return tuple(names)


def _folder(name: str) -> str:
    return re.sub(r"[^\w.+-]", "-", name).lstrip("-") or "repo"
