"""Matches what was signed for git to the commits and tags that a project's repos have.

The log has the digest of each signed message, which is that of a commit or tag without its
signature. What matches nothing was never pushed, was rewritten since, or is no commit at all.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from guard.errors import GuardError, printable
from guard.repo_access import git_environment

if TYPE_CHECKING:
    from guard.keys.audit import Entry
    from guard.repo_access import AccessCheck
    from guard.repo_url import RepoUrl

_SIGNATURE = b"-----BEGIN SSH SIGNATURE-----"
_HASHES = ("sha512", "sha256")
_KINDS = (b"commit", b"tag")
_PACK_BLOCKS = 2 << 20
"""Of 512 bytes. Who owns the server, or may push to it, chooses what is in the repo."""
_BOUNDED = ("sh", "-c", f'ulimit -f {_PACK_BLOCKS} && exec "$@"', "sh")
_WITHIN_S = 10 * 60
_LARGEST_OBJECT = 1 << 20
"""In bytes. A commit or tag beyond is passed over: it could fill this computer's memory."""


@dataclass(eq=False)
class RepoNotRead(GuardError):
    """A repo whose commits cannot be had."""

    url: str
    reason: str

    def __str__(self) -> str:
        return f"the commits of `{self.url}` cannot be fetched: {self.reason}"


@dataclass(frozen=True)
class Match:
    """One signature, and what it was made for."""

    entry: Entry
    object: str = ""
    """`commit` or `tag`, its name, and its repo; empty where none is known."""


def audit(entries: Iterable[Entry], objects: Mapping[str, str]) -> tuple[Match, ...]:
    """Return each signature for git with its object. `objects` are by the digests of `digests`."""
    return tuple(
        Match(entry, objects.get(entry.digest, ""))
        for entry in entries
        if (entry.kind, entry.target, entry.verdict) == ("sign", "git", "signed")
    )


def digests(kind: bytes, content: bytes) -> tuple[str, ...]:
    """Return what the log may have for the signature of a commit or tag, in either hash."""
    body = _unsigned_commit(content) if kind == b"commit" else content.partition(_SIGNATURE)[0]
    if body == content:
        return ()
    return tuple(f"{name}:{hashlib.new(name, body).hexdigest()}" for name in _HASHES)


def signed_objects(urls: Sequence[RepoUrl], access: AccessCheck) -> dict[str, str]:
    """Fetch the commits and tags of `urls`, no files; return the signed ones by their digests.

    Raises:
        RepoNotRead: a repo cannot be fetched.
    """
    found: dict[str, str] = {}
    for url in urls:
        with TemporaryDirectory(prefix="nopal-") as folder:
            place = Path(folder)
            environ = git_environment(url, access, place / "ssh") | {"GIT_NO_LAZY_FETCH": "1"}
            clone = ("git", "clone", "-q", "--mirror", "--filter=tree:0", "--", url.text)
            _run([*_BOUNDED, *clone, str(place / "repo")], environ, url)
            for kind, name, content in _objects(place / "repo", environ):
                shown = f"{kind.decode()} {name.decode()} of {url.text}"
                found |= dict.fromkeys(digests(kind, content), shown)
    return found


def _run(argv: Sequence[str], environ: Mapping[str, str], url: RepoUrl) -> None:
    try:
        done = subprocess.run(
            argv,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_WITHIN_S,
        )
    except subprocess.TimeoutExpired as error:
        raise RepoNotRead(url.text, f"it takes more than {_WITHIN_S // 60} minutes") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise RepoNotRead(url.text, printable(lines[-1]) if lines else "git said nothing")


def _objects(repo: Path, environ: Mapping[str, str]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield kind, name and content of each commit and tag that is in the clone."""
    argv = ["git", "-C", str(repo), "cat-file", "--batch-all-objects", "--unordered", "--buffer"]
    with subprocess.Popen(
        [*argv, "--batch"],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns that the clone has no files
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        yield from read_objects(process.stdout)


def read_objects(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the commits and tags of what `git cat-file --batch` writes."""
    while head := stream.readline():
        name, kind, size = head.split()
        if kind in _KINDS and int(size) <= _LARGEST_OBJECT:
            yield kind, name, stream.read(int(size))
        else:
            _pass_over(stream, int(size))
        stream.read(1)


def _pass_over(stream: IO[bytes], count: int) -> None:
    while count > 0:
        count -= len(stream.read(min(count, _LARGEST_OBJECT))) or count


def _unsigned_commit(content: bytes) -> bytes:
    """Return a commit without the header that holds its signature, as git signed it."""
    head, gap, message = content.partition(b"\n\n")
    kept: list[bytes] = []
    is_signature = False
    for line in head.split(b"\n"):
        if not line.startswith(b" "):
            is_signature = line.startswith((b"gpgsig ", b"gpgsig-sha256 "))
        if not is_signature:
            kept.append(line)
    return b"\n".join(kept) + gap + message
