"""Playwright: what its browsers need of the system, and the browsers where they can be had.

A repo's tests run the Playwright of its own package.json, and each version wants builds of its own:
`npx playwright install` fetches them without root and finds libraries, fonts and Xvfb here. The
command `playwright` and its browsers are for all else: screenshots, `codegen`, an agent's look at a
page.

Where Playwright's servers cannot be reached, Debian's Chromium takes the place of its own, and said
so. Playwright of every version knows it by the channel `chrome`, as in `--channel=chrome`. The two
others have no such stand-in, since Playwright needs them patched; Ubuntu has none, its Chromium
being a snap.

Playwright starts Chromium without a sandbox of its own unless told otherwise, so Ubuntu's limits on
user namespaces do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Apt, Check, Command, FirstOf, Link, Npm, Step
from provision.shell import quote

from .environment import CA_BUNDLE
from .guest import Guest
from .pin import Pin
from .profile import profile

PLAYWRIGHT = Pin("playwright", "1.65.1", registry="npm", package="playwright")
PINS = (PLAYWRIGHT,)

CHROME = "/opt/google/chrome/chrome"
"""Where Playwright looks for the channel `chrome`."""
_LIBRARIES = "/var/lib/nopal/playwright-libraries"
_BUILDS = (
    f"/usr/local/lib/node_modules/{PLAYWRIGHT.package}/node_modules/playwright-core/browsers.json"
)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `playwright`."""

    version: str = PLAYWRIGHT.version
    """An exact version of the npm package; it knows the libraries and builds that belong to it."""
    browsers: tuple[Literal["chromium", "firefox", "webkit"], ...] = ("chromium",)
    """Whose libraries are installed, and which are fetched."""
    fetch: bool = True
    """Whether browsers are fetched; without, only a repo's own Playwright does."""

    def __post_init__(self) -> None:
        """Refuse no browser at all, which Playwright would take for all of them."""
        if not self.browsers:
            message = "`browsers` names one at least; `fetch = false` keeps to the libraries"
            raise ValueError(message)


@profile(requires=["node"])
def playwright(options: Options, guest: Guest) -> Iterator[Step]:
    """Playwright with the libraries its browsers need, and Chromium."""
    browsers = tuple(dict.fromkeys(options.browsers))
    yield Npm(PLAYWRIGHT.package, options.version)
    yield _libraries(options.version, browsers)
    if not options.fetch:
        yield Check("playwright --version && xvfb-run --auto-servernum true", matches=r"^Version")
        return
    for browser in browsers:
        yield _fetched(browser, guest)
    for browser in browsers:
        yield Check(_screenshot(browser), matches=r"^PNG$")


def _libraries(version: str, browsers: tuple[str, ...]) -> Command:
    """Let Playwright name the packages: they differ by its version and by distribution."""
    done = f"{version} {' '.join(browsers)}"
    script = f"""\
APT_CONFIG=$(mktemp)
trap 'rm -f "$APT_CONFIG"' EXIT
echo 'DPkg::Lock::Timeout "300";' >"$APT_CONFIG"
export APT_CONFIG DEBIAN_FRONTEND=noninteractive
playwright install-deps {" ".join(browsers)}
mkdir -p /var/lib/nopal
echo {quote(done)} >{_LIBRARIES}"""
    unless = f"grep -qsxF {quote(done)} {_LIBRARIES}"
    return Command(script, unless=unless, name="playwright's libraries")


def _fetched(browser: str, guest: Guest) -> Step:
    """Playwright's own build in the login user's cache, or what may stand in for it."""
    trust = f"export NODE_EXTRA_CA_CERTS={CA_BUNDLE}\n" if guest.extra_ca else ""
    own = Command(
        f"{trust}playwright install {browser}",
        unless=_is_fetched(browser),
        run_as="login",
        name=f"playwright's {browser}",
    )
    if browser != "chromium" or guest.distribution != "debian":
        return own
    hint = "This machine has Debian's Chromium: let Playwright use it by its channel chrome."
    told = Command(f"echo {quote(hint)}", unless=f"[ -L {CHROME} ]", name="the channel chrome")
    return FirstOf("chromium", own, (Apt("chromium"), told, Link(CHROME, "/usr/bin/chromium")))


def _is_fetched(browser: str) -> str:
    # Of Chromium's two builds the one for no display comes last.
    build = {"chromium": "chromium-headless-shell"}.get(browser, browser)
    revision = (
        f"""grep -A 1 '"name": "{build}"' {_BUILDS} | sed -n 's/.*"revision": "\\(.*\\)".*/\\1/p'"""
    )
    folder = f"~/.cache/ms-playwright/{build.replace('-', '_')}"
    return f'[ -e {folder}-"$({revision})"/INSTALLATION_COMPLETE ]'


def _screenshot(browser: str) -> str:
    return f"""\
# Playwright draws a page by {browser}
page=$(mktemp -d)
trap 'rm -rf "$page"' EXIT
echo '<h1>nopal</h1>' >"$page/page.html"
{_is_fetched(browser)} || set -- --channel=chrome
playwright screenshot --browser={browser} "$@" "file://$page/page.html" "$page/page.png"
head -c 4 "$page/page.png" | tail -c 3"""
