"""Compares git's URLs: the same repo has several. Pure, and no judgement on what may be used."""

from __future__ import annotations

import re

_WITH_SCHEME = re.compile(
    r"(?:git\+)?(?P<scheme>ssh|https?|git)://(?:[^@/]*@)?(?P<host>\[[^\]]+\]|[^:/]+)(?::(?P<port>\d*))?/(?P<path>.*)",
    re.IGNORECASE,
)
# git takes `host:path` for SSH unless a slash comes before the colon.
_LIKE_SCP = re.compile(r"(?:[^@/:]*@)?(?P<host>\[[^\]]+\]|[^:/\[]+):(?P<path>.+)")
_USUAL_PORTS = {"ssh": "22", "https": "443", "http": "80", "git": "9418"}


def normalise(url: str) -> str:
    """Return a form in which two URLs of one repo are equal, such as `github.com/owner/name`.

    A path of this host stays as it is, without its last slashes; an empty URL stays empty.
    """
    url = url.strip()
    if found := _WITH_SCHEME.fullmatch(url):
        host = found["host"].lower()
        port = found["port"] or ""
        if port and port != _USUAL_PORTS[found["scheme"].lower()]:
            host = f"{host}:{port}"
        return _join(host, found["path"])
    if "://" not in url and (found := _LIKE_SCP.fullmatch(url)):
        return _join(found["host"].lower(), found["path"])
    return url.removeprefix("file://").rstrip("/")


def is_remote(url: str) -> bool:
    """Tell whether another computer could reach the URL too."""
    return bool(_WITH_SCHEME.fullmatch(url) or ("://" not in url and _LIKE_SCP.fullmatch(url)))


def without_password(url: str) -> str:
    """Return the URL without the name and password that an HTTP URL may hold."""
    return re.sub(r"^(https?://)[^@/]*@", r"\1", url, flags=re.IGNORECASE)


def _join(host: str, path: str) -> str:
    path = re.sub(r"/+", "/", path).strip("/")
    return f"{host}/{path.removesuffix('.git').rstrip('/')}"
