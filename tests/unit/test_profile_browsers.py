"""Browsers and what they need of the system."""

from __future__ import annotations

import pytest

from profiles.catalogue import load
from profiles.errors import StepRefused, WrongOption
from profiles.guest import Guest
from profiles.playwright import CHROME, PLAYWRIGHT
from provision import Apt, AptRepository, Check, Command, FirstOf, Npm, Step

GUEST = Guest(name="blog")
UBUNTU = Guest(name="blog", distribution="ubuntu")
CATALOGUE = load()


def steps_of(name: str, guest: Guest = GUEST, /, **options: object) -> tuple[Step, ...]:
    return CATALOGUE[name].steps(options, guest)


def packages(steps: tuple[Step, ...]) -> set[str]:
    return {step.package for step in steps if isinstance(step, Apt)}


def commands(steps: tuple[Step, ...]) -> dict[str, Command]:
    return {step.name: step for step in steps if isinstance(step, Command)}


def names(steps: tuple[Step, ...]) -> list[str]:
    return [step.id for step in steps]


# playwright


def test_playwright_is_the_npm_package_at_the_pinned_version_unless_one_is_named() -> None:
    for options, version in (({}, PLAYWRIGHT.version), ({"version": "1.60.0"}, "1.60.0")):
        [package] = [s for s in steps_of("playwright", **options) if isinstance(s, Npm)]
        assert (package.package, package.version) == ("playwright", version)


def test_another_version_or_browser_of_playwright_installs_its_libraries_anew() -> None:
    guards = {
        commands(steps_of("playwright", **options))["playwright's libraries"].unless
        for options in (
            {},
            {"version": "1.60.0"},
            {"browsers": ["firefox"]},
            {"browsers": ["chromium", "firefox"]},
        )
    }
    assert len(guards) == 4


def test_debians_chromium_stands_in_for_playwrights_where_playwright_looks_for_chrome() -> None:
    [either] = [step for step in steps_of("playwright") if isinstance(step, FirstOf)]
    own, stand_in = either.alternatives
    assert [step.run_as for step in own] == ["login"]
    assert [step.id for step in stand_in] == [
        "apt:chromium",
        "command:the channel chrome",
        f"link:{CHROME}",
    ]


@pytest.mark.parametrize(
    ("guest", "browser"), [(GUEST, "firefox"), (GUEST, "webkit"), (UBUNTU, "chromium")]
)
def test_a_browser_without_a_stand_in_is_playwrights_own_or_an_error(
    guest: Guest, browser: str
) -> None:
    steps = steps_of("playwright", guest, browsers=[browser])
    assert not [step for step in steps if isinstance(step, FirstOf)]
    own = commands(steps)[f"playwright's {browser}"]
    assert own.script == f"playwright install {browser}"
    assert own.run_as == "login"


def test_a_host_with_authorities_of_its_own_is_trusted_by_what_fetches_a_browser() -> None:
    guest = Guest(name="blog", extra_ca=("PEM",))
    script = commands(steps_of("playwright", guest, browsers=["webkit"]))["playwright's webkit"]
    assert script.script.startswith("export NODE_EXTRA_CA_CERTS=")


def test_each_browser_of_playwright_has_to_draw_a_page_as_the_login_user() -> None:
    checks = [
        step
        for step in steps_of("playwright", browsers=["chromium", "firefox", "chromium"])
        if isinstance(step, Check)
    ]
    assert [check.name for check in checks] == [
        "# Playwright draws a page by chromium",
        "# Playwright draws a page by firefox",
    ]
    assert {(check.run_as, check.matches) for check in checks} == {("login", "^PNG$")}


def test_without_fetch_only_libraries_are_installed() -> None:
    kinds = [step.kind for step in steps_of("playwright", fetch=False)]
    assert kinds == ["npm", "command", "check"]


@pytest.mark.parametrize("browsers", [[], ["opera"]], ids=["none", "unknown"])
def test_browsers_that_playwright_cannot_mean_are_refused(browsers: list[str]) -> None:
    with pytest.raises(WrongOption) as caught:
        steps_of("playwright", browsers=browsers)
    assert caught.value.profile == "playwright"


# cypress


@pytest.mark.parametrize("guest", [GUEST, UBUNTU], ids=["debian", "ubuntu"])
def test_cypress_fetches_no_browser_that_was_not_asked_for(guest: Guest) -> None:
    steps = steps_of("cypress", guest)
    assert {step.kind for step in steps} == {"apt", "check"}
    assert {"xvfb", "libgtk-3-0t64"} <= packages(steps)
    assert not {"chromium", "firefox-esr"} & packages(steps)


def test_cypress_takes_debians_browsers_and_has_each_draw_a_page() -> None:
    steps = steps_of("cypress", browsers=["firefox", "chromium"])
    assert {"chromium", "firefox-esr"} <= packages(steps)
    assert not [step for step in steps if isinstance(step, AptRepository)]
    assert {"check:# firefox draws a page", "check:# chromium draws a page"} <= set(names(steps))


def test_ubuntus_firefox_comes_from_mozilla_since_its_own_is_a_snap() -> None:
    steps = steps_of("cypress", UBUNTU, browsers=["firefox"])
    assert names(steps).index("apt-repository:mozilla") < names(steps).index("apt:firefox-esr")


def test_ubuntus_chromium_is_refused_with_what_to_take_instead() -> None:
    with pytest.raises(StepRefused) as caught:
        steps_of("cypress", UBUNTU, browsers=["chromium"])
    assert "snap" in caught.value.reason
    assert "firefox" in caught.value.reason


def test_a_cypress_that_is_named_is_fetched_for_the_login_user_and_verified() -> None:
    steps = steps_of("cypress", version="15.3.0")
    [command] = commands(steps).values()
    assert command.run_as == "login"
    assert command.creates == "~/.cache/Cypress/15.3.0/binary_state.json"
    assert "check:npm exec --yes --package=cypress@15.3.0 -- cypress verify" in names(steps)


@pytest.mark.parametrize("version", ["15", "latest", "^15.3.0"])
def test_a_cypress_that_is_not_exact_is_refused(version: str) -> None:
    with pytest.raises(WrongOption):
        steps_of("cypress", version=version)
