"""Repositories of Debian packages other than the distribution's."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from ..diff import unified
from ..facts import Facts
from ..shell import join, quote
from ..step import Change, Rewrite, Step
from .apt import APT_FUNCTIONS, STAMP
from .write import write_file

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")


@dataclass(frozen=True)
class AptRepository(Step):
    """A package repository whose key was checked against known fingerprints before it is trusted.

    The key is fetched over https and refused when it holds any key but those of
    `key_fingerprints`. Only this repository may be signed with it. A repository that cannot be
    read after all is taken out again, so that it cannot disturb later installs. In `uris`,
    `suites` and `components` the words `{codename}`, `{distribution}` and `{arch}` mean the
    guest's. State: the hash of the source's file, then `key`.
    """

    kind = "apt-repository"

    repository: str
    uris: tuple[str, ...] = field(kw_only=True)
    suites: tuple[str, ...] = field(default=("{codename}",), kw_only=True)
    components: tuple[str, ...] = field(default=("main",), kw_only=True)
    key_url: str = field(kw_only=True)
    key_fingerprints: tuple[str, ...] = field(kw_only=True)
    """The full fingerprints of the primary keys, without blanks."""
    architectures: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what could break out of the source's file or weaken the check of the key."""
        words = (*self.uris, *self.suites, *self.components, *self.architectures)
        is_right = (
            _NAME.fullmatch(self.repository)
            and self.uris
            and all(word and not re.search(r"\s", word) for word in words)
            and self.key_url.startswith("https://")
            and self.key_fingerprints
            and all(_FINGERPRINT.fullmatch(each) for each in self.key_fingerprints)
        )
        if not is_right:
            message = f"no repository of packages: {self!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The name of its files."""
        return self.repository

    @property
    def path(self) -> str:
        """The file that names the source."""
        return f"/etc/apt/sources.list.d/{self.repository}.sources"

    @property
    def key_path(self) -> str:
        """The file of the key."""
        return f"/etc/apt/keyrings/{self.repository}.gpg"

    def content(self, facts: Facts) -> str:
        """Return the source's file in deb822 format."""
        known = {
            "{codename}": facts.codename,
            "{distribution}": facts.distribution,
            "{arch}": facts.arch,
        }

        def words(values: tuple[str, ...]) -> str:
            text = " ".join(values)
            for word, value in known.items():
                text = text.replace(word, value)
            return text

        lines = [
            f"# nopal: written by the machine's profiles. Keys: {' '.join(self.key_fingerprints)}",
            "Types: deb",
            f"URIs: {words(self.uris)}",
            f"Suites: {words(self.suites)}",
        ]
        # A suite that ends in a slash is a flat repository, which has no components.
        if not self.suites[0].endswith("/"):
            lines.append(f"Components: {words(self.components)}")
        lines.append(f"Architectures: {words(self.architectures) or facts.arch}")
        lines.append(f"Signed-By: {self.key_path}")
        return "\n".join(lines) + "\n"

    def probe(self) -> str:
        """Hash the source's file and look for the key."""
        return (
            f"[ -f {self.path} ] && sha256sum <{self.path}\n"
            f"if [ -s {self.key_path} ]; then echo key; fi"
        )

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Fetch and check the key, write the source, and read it once."""
        content = self.content(facts)
        wanted = hashlib.sha256(content.encode()).hexdigest()
        digest, *rest = state.split("\n")
        is_there, is_same = digest not in {"", "key"}, digest[:64] == wanted
        if is_same and rest == ["key"]:
            return None
        return Change(
            f"add the repository {self.repository}",
            self._script(content),
            "" if is_there else unified(self.path, None, content),
            rewrites=(Rewrite(self.path, content),) if is_there and not is_same else (),
        )

    def _script(self, content: str) -> str:
        # This source alone, and a failure to read it is one.
        source = (
            f"-o Dir::Etc::sourcelist={self.path} -o Dir::Etc::sourceparts=-"
            " -o APT::Update::Error-Mode=any -o APT::Get::List-Cleanup=0"
        )
        wanted = " ".join(self.key_fingerprints)
        return "\n".join(
            [
                APT_FUNCTIONS,
                # Only when the other lists are fresh does reading this one make all of them so.
                "nopal_fresh=1",
                "if nopal_is_stale; then nopal_fresh=0; fi",
                "nopal_tools=",
                "command -v curl >/dev/null || nopal_tools=curl",
                'command -v gpg >/dev/null || nopal_tools="$nopal_tools gpg"',
                "# shellcheck disable=SC2086 # a list of words",
                'if [ -n "$nopal_tools" ]; then nopal_get $nopal_tools ca-certificates; fi',
                "nopal_tmp=$(mktemp -d)",
                "trap 'rm -rf -- \"$nopal_tmp\"' EXIT",
                'nopal_gpg() { gpg --homedir "$nopal_tmp" --batch "$@"; }',
                f'{FETCH} --output "$nopal_tmp/key" --url {quote(self.key_url)}',
                'nopal_gpg --with-colons --show-keys "$nopal_tmp/key" >"$nopal_tmp/shown"',
                'nopal_keys=$(awk -F: \'$1 == "pub" { p = 1 } '
                '$1 == "fpr" && p { print $10; p = 0 }\' "$nopal_tmp/shown")',
                '[ -n "$nopal_keys" ] || { echo "there is no key in what was fetched"; exit 1; }',
                f"nopal_known=' {wanted} '",
                "for nopal_key in $nopal_keys; do",
                'case "$nopal_known" in *" $nopal_key "*) ;;',
                f'*) echo "the key $nopal_key is unknown for {self.repository}"; exit 1 ;;',
                "esac; done",
                "if grep -q 'BEGIN PGP PUBLIC KEY' \"$nopal_tmp/key\"; then",
                'nopal_gpg --dearmor <"$nopal_tmp/key" >"$nopal_tmp/plain"',
                'else cp -- "$nopal_tmp/key" "$nopal_tmp/plain"; fi',
                "mkdir -p /etc/apt/keyrings",
                f'install -m 0644 -- "$nopal_tmp/plain" {self.key_path}.new',
                f"mv -f -- {self.key_path}.new {self.key_path}",
                f"(\nset -e\n{write_file(self.path, content, mode='0644', owner='root')}\n)",
                f"nopal_update -q {source} || {{",
                f"rm -f -- {join([self.path, self.key_path])}",
                f'echo "cannot read the repository {self.repository}: taken out"; exit 1; }}',
                f'if [ "$nopal_fresh" = 1 ]; then : >{STAMP}; fi',
            ]
        )


FETCH = (
    "curl --fail --silent --show-error --location --proto '=https' --proto-redir '=https'"
    " --retry 3 --connect-timeout 15 --speed-limit 1000 --speed-time 60"
)
