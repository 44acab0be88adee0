"""Who the person is to git on this host, as it holds for one place or for one project's repos.

Reads configuration only, in one `git config` call; what to do with it is decided elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard.command import Completed, Run, run_command
from guard.errors import GuardError, printable

_KEYS = (
    r"^(user\.(name|email|signingkey)|author\.(name|email)|gpg\.format"
    r"|(commit|tag)\.gpgsign)$"
)
_TRUE = ("true", "yes", "on", "1")
_NOT_FOUND_STATUS = 1
# What points git at another repository than the one it is asked about.
_REPOSITORY_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_CONFIG",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)


@dataclass(eq=False)
class GitConfigUnreadable(GuardError):
    """git refuses its own configuration, or a value in it cannot be carried."""

    where: str
    reason: str

    def __str__(self) -> str:
        return (
            f"git's configuration for {self.where} cannot be used: {printable(self.reason)}.\n"
            "See it with `git config --list --show-origin`, and mend it there."
        )


@dataclass(frozen=True)
class GitIdentity:
    """The settings of git that a guest takes over; empty text means not set."""

    name: str = ""
    email: str = ""
    signing_key: str = ""
    gpg_format: str = ""
    signs_by_default: bool = False
    """commit.gpgsign or tag.gpgsign is on."""
    directory: Path | None = None
    """Where a relative path in `signing_key` starts."""
    origin: str = ""
    """Where this was read, in words."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings without which git refuses to commit."""
        pairs = (("user.name", self.name), ("user.email", self.email))
        return tuple(key for key, value in pairs if not value)


def read_git_identity(
    environ: Mapping[str, str],
    *,
    directory: Path | None = None,
    repo_urls: Sequence[str] = (),
    run: Run = run_command,
) -> GitIdentity:
    """Return the identity that holds in `directory`, else for the repos, else globally.

    `directory` is the root of a repo that belongs to the project. Without one, a throw-away repo
    with these remotes is asked, so that `includeIf "hasconfig:remote.*.url:…"` has its say.
    Without git on the host the identity is empty.

    Raises:
        GitConfigUnreadable: git cannot parse its files, or a value holds a line break.
    """
    if directory is not None:
        return _read(environ, run, directory, f"`{directory}`")
    if not repo_urls:
        return _read(environ, run, Path("/"), "this user")
    with tempfile.TemporaryDirectory(prefix="nopal-git-") as scratch:
        _make_repo(Path(scratch), repo_urls)
        where = f"repos such as `{printable(repo_urls[0])}`"
        identity = _read(environ, run, Path(scratch), where)
    return GitIdentity(**{**vars(identity), "directory": None})


def _make_repo(root: Path, repo_urls: Sequence[str]) -> None:
    """Write the least that git takes for a repository; `git init` would run templates and cost."""
    git_dir = root / ".git"
    for name in ("objects", "refs"):
        (git_dir / name).mkdir(parents=True)
    (git_dir / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    sections = ["[core]\n\trepositoryformatversion = 0\n"]
    for number, url in enumerate(repo_urls):
        quoted = url.replace("\\", "\\\\").replace('"', '\\"')
        sections.append(f'[remote "origin{number or ""}"]\n\turl = "{quoted}"\n')
    (git_dir / "config").write_text("".join(sections), encoding="utf-8")


def _read(environ: Mapping[str, str], run: Run, directory: Path, where: str) -> GitIdentity:
    env = {key: value for key, value in environ.items() if key not in _REPOSITORY_VARIABLES}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    argv = ["git", "config", "--null", "--get-regexp", _KEYS]
    completed: Completed = run(argv, env, timeout_s=5.0, cwd=directory)
    if completed.is_missing:
        return GitIdentity(origin="git is not installed on this host")
    if completed.has_timed_out:
        raise GitConfigUnreadable(where, "git gave no answer within 5 s")
    if completed.status not in (0, _NOT_FOUND_STATUS):
        raise GitConfigUnreadable(where, completed.stderr or f"git ended with {completed.status}")
    values = parse_config(completed.stdout)
    for key in ("user.name", "user.email", "author.name", "author.email"):
        _refuse_control(where, key, values.get(key, ""))
    return GitIdentity(
        name=values.get("user.name") or values.get("author.name", ""),
        email=values.get("user.email") or values.get("author.email", ""),
        signing_key=values.get("user.signingkey", ""),
        gpg_format=values.get("gpg.format", ""),
        signs_by_default=any(
            values.get(key, "").lower() in _TRUE for key in ("commit.gpgsign", "tag.gpgsign")
        ),
        directory=directory,
        origin=f"git's configuration for {where}",
    )


def parse_config(text: str) -> dict[str, str]:
    """Read `git config --null --get-regexp`: the last value of each key; a bare key is `true`."""
    values = {}
    for entry in text.split("\0"):
        if entry:
            key, has_value, value = entry.partition("\n")
            values[key] = value if has_value else "true"
    return values


def _refuse_control(where: str, key: str, value: str) -> None:
    if any(ord(one) < 0x20 or ord(one) == 0x7F for one in value):  # noqa: PLR2004 - ASCII control
        raise GitConfigUnreadable(where, f"`{key}` holds a line break or control character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise GitConfigUnreadable(where, f"`{key}` is not UTF-8") from None
