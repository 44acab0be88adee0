"""What Cypress needs of the system: libraries, fonts and a virtual display; browsers by option.

Cypress itself belongs to a repo's package.json: `npm ci` there fetches it, a browser in it, into
the login user's cache, some 200 MB for each version. `version` fetches one beforehand. It comes
from Cypress's own servers alone: where they cannot be reached the step fails and names them.

Further browsers are Debian's own Chromium and Firefox, which Cypress finds by itself. Ubuntu has
neither as a package, only as snaps, which Cypress cannot drive: there Firefox comes from Mozilla's
repository, and Chromium is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Apt, AptRepository, Check, Command, Step

from .environment import CA_BUNDLE
from .guest import Guest
from .profile import profile

# What Electron links to, under the names of Debian 13 and Ubuntu 24.04, both after the change to
# 64-bit time; GTK brings the rest.
PACKAGES = (
    "fonts-liberation",
    "fonts-noto-color-emoji",
    "libasound2t64",
    "libgbm1",
    "libgtk-3-0t64",
    "libnotify4",
    "libnss3",
    "libxss1",
    "libxtst6",
    "xauth",
    "xvfb",
)

# https://support.mozilla.org/kb/install-firefox-linux: the key that signs Mozilla's repository.
MOZILLA_FINGERPRINT = "35BAA0B33E9EB396F59CA838C0BA5CE6DC6315A3"

_PACKAGE = {"chromium": "chromium", "firefox": "firefox-esr"}
# Each draws a page that only a browser makes say `42`.
_DRAW = {
    "chromium": 'chromium --headless --dump-dom "file://$page/page.html" 2>"$page/log"',
    "firefox": (
        'firefox-esr --headless --profile "$page" --screenshot "$page/page.png"'
        ' "file://$page/page.html" >"$page/log" 2>&1\n'
        'head -c 4 "$page/page.png" | tail -c 3'
    ),
}
_SHOWS = {"chromium": r">42<", "firefox": r"^PNG$"}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `cypress`."""

    version: str = ""
    """A Cypress to fetch beforehand, such as `15.3.0`; empty: what a repo's own install fetches."""
    browsers: tuple[Literal["chromium", "firefox"], ...] = ()
    """Browsers besides the one in Cypress."""

    def __post_init__(self) -> None:
        """Refuse a version that is not exact."""
        if self.version and not re.fullmatch(r"\d+\.\d+\.\d+", self.version):
            message = "`version` is exact, such as 15.3.0"
            raise ValueError(message)


@profile(requires=["node"])
def cypress(options: Options, guest: Guest) -> Iterator[Step]:
    """What Cypress needs of the system, with browsers by option."""  # noqa: D401
    for package in PACKAGES:
        yield Apt(package)
    for browser in dict.fromkeys(options.browsers):
        yield from _browser(browser, guest)
    if options.version:
        yield from _cypress(options.version, guest)
    yield Check("xvfb-run --auto-servernum printenv DISPLAY", matches=r"^:\d+$")


def _browser(browser: str, guest: Guest) -> Iterator[Step]:
    if guest.distribution == "ubuntu":
        if browser == "chromium":
            message = "Ubuntu has Chromium as a snap only, which Cypress cannot drive: take firefox"
            raise ValueError(message)
        yield AptRepository(
            "mozilla",
            uris=("https://packages.mozilla.org/apt",),
            suites=("mozilla",),
            key_url="https://packages.mozilla.org/apt/repo-signing-key.gpg",
            key_fingerprints=(MOZILLA_FINGERPRINT,),
        )
    yield Apt(_PACKAGE[browser])
    script = f"""\
# {browser} draws a page
page=$(mktemp -d)
trap 'rm -rf "$page"' EXIT
echo '<b id=sum></b><script>sum.textContent = 6 * 7</script>' >"$page/page.html"
{_DRAW[browser]} || {{ tail -n 3 "$page/log"; exit 1; }}"""
    yield Check(script, matches=_SHOWS[browser])


def _cypress(version: str, guest: Guest) -> Iterator[Step]:
    trust = f"export NODE_EXTRA_CA_CERTS={CA_BUNDLE}\n" if guest.extra_ca else ""
    run = f"npm exec --yes --package=cypress@{version} -- cypress"
    yield Command(
        # What npm would fetch silently is left to `install`, which says what goes wrong. The file
        # is written once Cypress was seen to start.
        f"{trust}CYPRESS_INSTALL_BINARY=0 {run} version\n{run} install\n{run} verify",
        creates=f"~/.cache/Cypress/{version}/binary_state.json",
        name=f"cypress {version}",
    )
    yield Check(f"{run} verify")
