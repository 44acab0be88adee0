"""Looking for credentials in a guest that is to be kept for others to begin from.

Shell for root that prints the files which hold one, and nothing of what is in them. Left out are
configuration files as the distribution's packages brought them, such as Chromium's public keys for
Google's services, and folders of libraries, whose test suites hold examples.
"""

from __future__ import annotations

from collections.abc import Iterable

from provision.shell import quote

_NAMES = (
    *(".netrc", "_netrc", ".git-credentials", ".pgpass", ".my.cnf", ".htpasswd", ".pypirc"),
    *(".vault-token", ".terraformrc", "credentials.tfrc.json", "kubeconfig"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"),
)
_OF_AGENTS = (
    *("*/.claude/.credentials.json", "*/.codex/auth.json", "*/.gemini/oauth_creds.json"),
    "*/.local/share/opencode/auth.json",
)
_PATHS = (
    *("*/.aws/credentials", "*/.azure/*.json", "*/.config/gcloud/*.db", "*/.kube/config"),
    *("*/.config/gh/hosts.yml", "*/.config/glab-cli/config.yml", "*/.config/op/*"),
    *("*/.fly/config.yml", "*/.supabase/access-token"),
    *("*/.config/netlify/config.json", "*/.config/hub", "*/.gnupg/private-keys-v1.d/*"),
)
# The forms are those that the issuers document, or that their tools print.
_TEXTS = (
    r"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----",
    r"(AKIA|ASIA)[A-Z2-7]{16}",
    r"gh[pousr]_[A-Za-z0-9]{36}",
    r"github_pat_[A-Za-z0-9_]{60}",
    r"glpat-[A-Za-z0-9_-]{20}",
    r"sk-ant-[A-Za-z0-9_-]{20}",
    r"sk-proj-[A-Za-z0-9_-]{20}",
    r"xox[abposr]-[A-Za-z0-9-]{10}",
    r"AIza[A-Za-z0-9_-]{35}",
    r"ya29\.[A-Za-z0-9_-]{20}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgE[A-Za-z0-9_-]{50}",
    r"hf_[A-Za-z0-9]{34}",
    r"sbp_[a-f0-9]{40}",
    r"dop_v1_[a-f0-9]{64}",
    r"FlyV1 fm[0-9]_",
    r"_authToken[[:space:]]*=[[:space:]]*[^[:space:]$]",
    r'"auth"[[:space:]]*:[[:space:]]*"[A-Za-z0-9+/=]{8}',
    r"://[^/:@[:space:]]+:[^/@[:space:]$<{*]{6,}@[A-Za-z0-9]",
)
# Where packages put what they brought is left out below the system's folders only: in a home, what
# is not a library's is the person's.
_HOMES = ("/home", "/root")
_SYSTEM = ("/etc", "/opt", "/srv", "/usr/local", "/var/lib", "/var/www")
_LIBRARIES = (
    *("node_modules", "site-packages", "dist-packages", "*/.cargo/registry", "*/pkg/mod"),
    *("*/.rustup/toolchains", "*/lib/python3*/test"),
)
_BROUGHT = (
    *("testdata", "test", "tests", "doc", "docs", "man", "share"),
    *("/var/lib/dpkg", "/var/lib/apt", "/var/lib/docker", "/var/lib/containerd"),
    *("/etc/ssl/certs", "/usr/local/go", "/opt/node"),
)
_LARGEST = "2M"


def script(homes: Iterable[str] = _HOMES, system: Iterable[str] = _SYSTEM) -> str:
    """Return the shell that prints each file with a credential below these, one a line."""
    texts = " ".join(f"-e {quote(text)}" for text in _TEXTS)
    return f"""\
set -eu
cd /
look() {{
    for place in {_words(homes)}; do
        find "$place" -xdev -type d \\( {_any(_LIBRARIES)} \\) -prune -o -type f "$@"
    done
    for place in {_words(system)}; do
        [ -d "$place" ] || continue
        find "$place" -xdev -type d \\( {_any(_LIBRARIES + _BROUGHT)} \\) -prune -o -type f "$@"
    done
}}
# What a package of the distribution brought, and nobody changed, is everybody's.
is_packaged() {{
    package=$(dpkg-query -S "$1" 2>/dev/null) || return 1
    sum=$(md5sum <"$1")
    dpkg-query -W -f='${{Conffiles}}\\n' "${{package%%:*}}" | grep -qxF " $1 ${{sum%% *}}"
}}
found=$(mktemp)
trap 'rm -f "$found"' EXIT
look \\( {_any(_NAMES + _PATHS + _OF_AGENTS)} \\) -size +0 -print >"$found"
look -size -{_LARGEST} -exec sh -c 'grep -lIE "$@" || [ $? = 1 ]' grep {texts} -- {{}} + >>"$found"
while IFS= read -r file; do
    is_packaged "$file" || printf '%s\\n' "$file"
done <"$found"
"""


def quick_script(home: str = "~") -> str:
    """Return shell that prints files of `home` which are called as credentials are, one a line.

    Nothing is read, no other file system is entered, and agents' own logins are left out.
    """
    return (
        f"find {home} -xdev -type d \\( {_any(_LIBRARIES)} \\) -prune -o"
        f" -type f \\( {_any(_NAMES + _PATHS)} \\) -size +0 -print 2>/dev/null | head -n 20"
    )


def _words(places: Iterable[str]) -> str:
    return " ".join(map(quote, places))


def _any(patterns: tuple[str, ...]) -> str:
    """Return find's words for any of these names, or paths where there is a slash."""
    tests = (f"{'-path' if '/' in text else '-name'} {quote(text)}" for text in patterns)
    return " -o ".join(tests)
