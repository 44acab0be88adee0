"""Archives from the web, unpacked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Step
from .apt_repository import FETCH
from .path import require_path
from .write import parent_word

MARKER = ".nopal-archive"
"""The file in an unpacked archive that holds the archive's digest."""


@dataclass(frozen=True)
class Archive(Step):
    """What the archive at `url` holds, unpacked to the directory `to`, nopal's as a whole.

    tar in any compression that the guest's tar reads, or zip. Nothing is unpacked before the
    checksum was found right, and `to` is only ever the old or the new content. State: the digest
    of what is unpacked there, or `other` for a directory that came from elsewhere, which is never
    touched.
    """

    kind = "archive"

    url: str
    sha256: str = field(default="", kw_only=True)
    sha512: str = field(default="", kw_only=True)
    """Instead of `sha256`, for who publishes only that."""
    to: str = field(kw_only=True)
    strip: int = field(default=1, kw_only=True)
    """How many leading folders of the names in the archive to leave out; of a zip one at most."""

    def __post_init__(self) -> None:
        """Refuse an archive without a checksum or without a place of its own."""
        require_path(self.to)
        if self.to.startswith("~/"):
            object.__setattr__(self, "run_as", "login")
        is_digest = re.fullmatch(r"[0-9a-f]{64}", self.sha256) or not self.sha256
        is_long_digest = re.fullmatch(r"[0-9a-f]{128}", self.sha512) or not self.sha512
        if not (is_digest and is_long_digest and bool(self.sha256) != bool(self.sha512)):
            message = f"the archive {self.url} needs a SHA-256 or SHA-512 in small hex digits"
            raise ValueError(message)
        if not self.url.startswith("https://") or (self._is_zip and self.strip > 1):
            message = f"cannot unpack {self.url} with strip={self.strip}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """Where it is unpacked."""
        return self.to

    @property
    def digest(self) -> str:
        """The checksum, whichever it is."""
        return self.sha256 or self.sha512

    @property
    def _is_zip(self) -> bool:
        return self.url.endswith(".zip")

    def probe(self) -> str:
        """Read the marker, or say that there is something else."""
        to = quote_path(self.to)
        return (
            f"if [ -f {to}/{MARKER} ]; then cat {to}/{MARKER}\n"
            f"elif [ -e {to} ] || [ -L {to} ]; then\n"
            f'[ -d {to} ] && [ -z "$(ls -A {to})" ] || echo other\nfi'
        )

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Fetch, check and unpack, then put the new directory in the old one's place."""
        del facts
        if state == self.digest:
            return None
        if state == "other":
            return Change(f"{self.to} is not empty and no unpacked archive: move it away", "")
        return Change(f"unpack {self.url} to {self.to}", self._script())

    def _script(self) -> str:
        to, parent = quote_path(self.to), parent_word(self.to)
        tool = "sha256sum" if self.sha256 else "sha512sum"
        return "\n".join(
            [
                "for nopal_tool in curl tar; do",
                'if ! command -v "$nopal_tool" >/dev/null; then',
                'echo "$nopal_tool is not installed"; exit 1; fi',
                "done",
                f"mkdir -p -- {parent}",
                f"nopal_tmp=$(mktemp -d -- {parent}/.nopal-archive.XXXXXXXX)",
                "trap 'rm -rf -- \"$nopal_tmp\"' EXIT",
                f'{FETCH} --output "$nopal_tmp/archive" --url {quote(self.url)}',
                f'nopal_sum=$({tool} <"$nopal_tmp/archive"); nopal_sum=${{nopal_sum%% *}}',
                f'if [ "$nopal_sum" != {self.digest} ]; then',
                f"echo {quote(f'the checksum of {self.url} is wrong')}",
                f'echo "expected {self.digest}, found $nopal_sum"; exit 1; fi',
                'mkdir -- "$nopal_tmp/new"',
                *(self._unzip() if self._is_zip else self._untar()),
                f'printf "%s\\n" {self.digest} >"$nopal_tmp/new/{MARKER}"',
                'chmod 0755 -- "$nopal_tmp/new"',
                f'if [ -e {to} ]; then mv -T -- {to} "$nopal_tmp/old"; fi',
                f'mv -T -- "$nopal_tmp/new" {to}',
            ]
        )

    def _untar(self) -> Sequence[str]:
        return [
            f'tar -x -f "$nopal_tmp/archive" -C "$nopal_tmp/new" --no-same-owner'
            f" --strip-components={self.strip}"
        ]

    def _unzip(self) -> Sequence[str]:
        if not self.strip:
            return ['unzip -q "$nopal_tmp/archive" -d "$nopal_tmp/new"']
        return [
            'mkdir -- "$nopal_tmp/all"',
            'unzip -q "$nopal_tmp/archive" -d "$nopal_tmp/all"',
            'for nopal_top in "$nopal_tmp"/all/*; do',
            'find "$nopal_top" -mindepth 1 -maxdepth 1 -exec mv -t "$nopal_tmp/new" -- {} +',
            "done",
        ]
