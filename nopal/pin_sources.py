"""Asks registries for newer versions: by the clients that this host has, else by official HTTPS.

Nothing that is fetched is run. No client meets the settings of the repo one stands in: each runs in
an empty folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit

from profiles.pin import Pin

from . import pin_answers
from .pins import NotKnown, Release, is_newer, newest_stable

TIMEOUT_S = 20
"""For each question."""
_AT_ONCE = 8
_LONGEST_ANSWER = 16 << 20
_PACKAGE = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9@/._~+-]*")
_QUIET = {
    "CARGO_TERM_COLOR": "never",
    "GIT_TERMINAL_PROMPT": "0",
    "GOFLAGS": "-mod=mod",
    "GOTOOLCHAIN": "local",
    "LC_ALL": "C.UTF-8",
    "NO_COLOR": "1",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
_NONSENSE = (ValueError, LookupError, TypeError, RecursionError)
"""What reading an answer raises that is not in its form."""
_WHEELS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""The platforms whose wheels run on the guests."""


@dataclass(eq=False)
class NotAnswered(Exception):
    """A registry was not asked, or said nothing that could be used."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Sources:
    """The registries as this host reaches them."""

    run: Callable[[Sequence[str]], str]
    """A client's arguments, its program first; its answer. Raises NotAnswered."""
    get: Callable[[str], str]
    """An https URL; what is there. Raises NotAnswered."""

    def newest(self, pin: Pin, than: str) -> Release | NotKnown:
        """Return the newest version, with its checksums where it is newer than `than`."""
        try:
            if not _PACKAGE.fullmatch(pin.package):
                raise NotAnswered(f"`{pin.package}` is no name of a package")
            version = newest_stable(self._versions(pin), pin.line)
            if not version:
                raise NotAnswered(f"no release of {pin.package} is known")
            if pin.version.startswith("v"):
                version = f"v{version}"
        except NotAnswered as error:
            return NotKnown(str(error))
        except _NONSENSE:
            return NotKnown(f"what was said of {pin.package} makes no sense")
        try:
            return Release(
                version, self._checksums(pin, version) if is_newer(version, than) else {}
            )
        except (NotAnswered, *_NONSENSE):
            # That there is a newer one is worth knowing without them.
            return Release(version)

    def all_newest(self, pins: Sequence[tuple[Pin, str]]) -> list[Release | NotKnown]:
        """Ask for all, several at once; each comes with the version that is in use."""
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return list(pool.map(lambda pair: self.newest(*pair), pins))

    def _versions(self, pin: Pin) -> list[str]:
        name = pin.package
        match pin.registry:
            case "npm":
                # What its maintainers call the newest, not the highest number.
                field = "versions" if pin.line else "dist-tags.latest"
                return pin_answers.npm(self.run(["npm", "view", "--json", name, field]))
            case "pypi":
                index = ["pip", "index", "versions", "--ignore-requires-python", name]
                return pin_answers.pip(self.run(index))
            case "go":
                return pin_answers.go(self.run(["go", "list", "-m", "-versions", "-json", name]))
            case "crate":
                return pin_answers.cargo(self.run(["cargo", "info", "--quiet", name]))
            case "github":
                return pin_answers.github(self.get(f"{_github(name)}?per_page=50"))
            case "node":
                return pin_answers.node(self.get("https://nodejs.org/dist/index.json"))

    def _checksums(self, pin: Pin, version: str) -> Mapping[str, str]:
        """Return the checksums of what the pin holds checksums of, as far as they are published."""
        urls = {machine: pin.url(machine, version) for machine in pin.artefacts}
        if pin.registry == "pypi":
            return {machine: self._wheel(pin, version, machine) for machine in pin.checksums}
        if any(url.startswith("https://go.dev/dl/") for url in urls.values()):
            return pin_answers.go_checksums(self.get("https://go.dev/dl/?mode=json"), urls)
        if pin.registry == "node" and urls:
            listed = self.get(f"https://nodejs.org/dist/v{version}/SHASUMS256.txt")
            return pin_answers.sums(listed, urls)
        if pin.registry == "github" and urls:
            tag = next(iter(urls.values())).split("/")[-2]
            return pin_answers.github_checksums(
                self.get(f"{_github(pin.package)}/tags/{tag}"), urls
            )
        return {}

    def _wheel(self, pin: Pin, version: str, machine: str) -> str:
        platforms = [f"--platform={name}_{machine}" for name in _WHEELS]
        report = ["pip", "install", "--quiet", "--dry-run", "--report=-", "--ignore-installed"]
        only = ["--no-deps", "--only-binary=:all:", "--target=none", *platforms]
        return pin_answers.pip_checksum(self.run([*report, *only, f"{pin.package}=={version}"]))


def on_this_host(environ: Mapping[str, str]) -> Sources:
    """Return the registries as the clients on PATH and urllib reach them."""

    def run(arguments: Sequence[str]) -> str:
        program = arguments[0]
        names = ("pip3", "pip") if program == "pip" else (program,)
        found = next(filter(None, (shutil.which(n, path=environ.get("PATH")) for n in names)), None)
        if found is None:
            raise NotAnswered(f"not asked: {program} is not on this host")
        return _run([found, *arguments[1:]], program, {**environ, **_QUIET})

    return Sources(run, get)


def _run(arguments: Sequence[str], program: str, environ: Mapping[str, str]) -> str:
    with tempfile.TemporaryDirectory(prefix="nopal-pins-") as empty:
        try:
            done = subprocess.run(
                arguments,
                cwd=empty,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotAnswered(f"{program} said nothing within {TIMEOUT_S} s") from None
        except OSError as error:
            raise NotAnswered(f"not asked: {program} does not start ({error.strerror})") from None
    if done.returncode:
        reason = done.stderr.strip().split("\n")[-1][:100] or f"exit status {done.returncode}"
        raise NotAnswered(f"{program} could not say: {reason}")
    return done.stdout


def get(url: str) -> str:
    """Return the text at an https URL.

    Raises NotAnswered: it cannot be had within `TIMEOUT_S`, or is too long.
    """
    host = urlsplit(url).netloc.removeprefix("api.")
    deadline = time.monotonic() + TIMEOUT_S
    opener = urllib.request.build_opener(_OnlyHttps)
    asked = urllib.request.Request(url, headers={"User-Agent": "nopal"})  # noqa: S310 - ours
    try:
        with opener.open(asked, timeout=TIMEOUT_S) as answer:
            parts = bytearray()
            while part := answer.read1(1 << 16):
                parts += part
                if len(parts) > _LONGEST_ANSWER or time.monotonic() > deadline:
                    raise NotAnswered(f"{host} gave no end of an answer")
    except urllib.error.HTTPError as error:
        raise NotAnswered(f"{host} answered {error.code}") from None
    except (OSError, HTTPException):
        raise NotAnswered(f"{host} cannot be reached") from None
    return parts.decode("utf-8", "replace")


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> urllib.request.Request | None:
        new = super().redirect_request(*args)  # type: ignore[arg-type]
        return new if new is not None and new.full_url.startswith("https://") else None


def _github(repo: str) -> str:
    return f"https://api.github.com/repos/{repo}/releases"
