from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nopal import pin_answers
from nopal.pin_sources import NotAnswered, Sources
from nopal.pins import NotKnown, Release, Row, as_data, as_text, is_newer, newest_stable, toml
from profiles.catalogue import load
from profiles.pin import Pin

A, B = "a" * 64, "b" * 64
NODE = Pin(
    "node",
    "24.1.0",
    registry="node",
    package="node",
    line="24.",
    artefacts={"x86_64": "https://x/v{version}/node-v{version}-x64.tar.xz"},
    checksums={"x86_64": A},
)
AGENT = Pin("agent", "1.2.3", registry="npm", package="@some/agent")
WHEEL = Pin("tool", "1.0", registry="pypi", package="tool", option="", checksums={"x86_64": A})
TOOL = Pin(
    "tool",
    "1.0.0",
    registry="github",
    package="some/tool",
    artefacts={"x86_64": "https://github.com/some/tool/releases/download/v{version}/tool.gz"},
    checksums={"x86_64": A},
)


def no_client(arguments: Sequence[str]) -> str:
    raise NotAnswered(f"not asked: {arguments[0]} is not on this host")


def no_site(url: str) -> str:
    raise NotAnswered(f"{url.split('/')[2]} cannot be reached")


def sources(
    run: Callable[[Sequence[str]], str] = no_client, get: Callable[[str], str] = no_site
) -> Sources:
    return Sources(run, get)


@pytest.mark.parametrize(
    ("versions", "line", "newest"),
    [
        (["1.9.0", "1.10.0", "1.2"], "", "1.10.0"),
        (["v1.0.0", "v2.0.0-rc.1"], "", "1.0.0"),
        (["24.3.1", "26.0.0", "24.10.0"], "24.", "24.10.0"),
        (["2.0b1", "main", "", "1;rm", "1.0\n"], "", ""),
    ],
)
def test_the_newest_is_the_highest_that_is_no_preview(
    versions: list[str], line: str, newest: str
) -> None:
    assert newest_stable(versions, line) == newest


@pytest.mark.parametrize(
    ("version", "than", "is_so"),
    [
        ("1.10", "1.9", True),
        ("1.0.0", "1.0", False),
        ("v2.0.0", "1.9.9", True),
        ("2.0", "latest", False),
        ("1.0", "1.0.1", False),
    ],
)
def test_versions_are_compared_number_by_number(version: str, than: str, is_so: bool) -> None:
    assert is_newer(version, than) is is_so


def test_what_is_newer_is_shown_with_what_to_write_into_the_project_file() -> None:
    rows = [
        Row("node", NODE, Release("24.2.0", {"x86_64": B})),
        Row("agent", AGENT, NotKnown("npm is away"), "1.0.0"),
    ]
    assert as_text(rows, "x86_64").splitlines() == [
        "PROFILE  PROGRAM  PINNED  OPTION  NEWEST",
        "node     node     24.1.0  -       24.2.0 (newer)",
        "agent    agent    1.2.3   1.0.0   npm is away",
        "",
        "[options.node]",
        'version = "24.2.0"',
        f'sha256 = "{B}" # for x86_64',
    ]


def test_a_checksum_that_could_not_be_had_is_said_in_its_place() -> None:
    assert toml([Row("node", NODE, Release("24.2.0"))], "x86_64").splitlines()[-1] == (
        "# sha256 could not be had; it is that of https://x/v24.2.0/node-v24.2.0-x64.tar.xz"
    )


@pytest.mark.parametrize(("chosen", "is_behind"), [("", True), ("2.0.0", False), ("1.0", True)])
def test_an_option_counts_before_the_pin(chosen: str, is_behind: bool) -> None:
    row = Row("agent", AGENT, Release("2.0.0"), chosen)
    assert row.is_behind is is_behind
    (data,) = as_data([row], "x86_64")
    assert data["is_overridden"] is bool(chosen)


def test_a_pin_without_an_option_is_nothing_to_write() -> None:
    assert toml([Row("tool", WHEEL, Release("2.0"))], "x86_64") == ""


def test_npm_is_asked_for_what_its_maintainers_call_the_newest() -> None:
    asked: list[str] = []

    def run(arguments: Sequence[str]) -> str:
        asked.append(" ".join(arguments))
        return '"1.3.0"\n'

    assert sources(run).newest(AGENT, "1.2.3") == Release("1.3.0")
    assert asked == ["npm view --json @some/agent dist-tags.latest"]


def test_the_checksums_of_a_newer_wheel_are_asked_for() -> None:
    report = {"install": [{"download_info": {"archive_info": {"hashes": {"sha256": B}}}}]}

    def run(arguments: Sequence[str]) -> str:
        if arguments[1] == "index":
            return "tool (1.1)\nAvailable versions: 1.1, 1.0, 2.0rc1\n"
        assert arguments[-1] == "tool==1.1"
        assert "--only-binary=:all:" in arguments
        assert "--platform=manylinux2014_x86_64" in arguments
        return json.dumps(report)

    assert sources(run).newest(WHEEL, "1.0") == Release("1.1", {"x86_64": B})
    assert sources(run).newest(WHEEL, "1.1") == Release("1.1")


def test_the_checksums_of_a_newer_node_are_in_its_list() -> None:
    index = [
        {"version": "v26.0.0", "lts": False},
        {"version": "v24.2.0", "lts": "Krypton"},
        {"version": "v24.3.0", "lts": False},
    ]

    def get(url: str) -> str:
        if url.endswith("index.json"):
            return json.dumps(index)
        assert url.endswith("/v24.2.0/SHASUMS256.txt")
        return f"{A}  node-v24.2.0-arm64.tar.xz\n{B}  node-v24.2.0-x64.tar.xz\n"

    assert sources(get=get).newest(NODE, "24.1.0") == Release("24.2.0", {"x86_64": B})


def release(tag: str, *, draft: bool = False, prerelease: bool = False) -> dict[str, object]:
    return {"tag_name": tag, "draft": draft, "prerelease": prerelease}


def test_github_is_asked_for_releases_and_the_digest_of_the_file() -> None:
    url = "https://github.com/some/tool/releases/download/v1.1.0/tool.gz"
    assets = [{"browser_download_url": url, "digest": f"sha256:{B}"}]

    def get(url: str) -> str:
        if url.endswith("/releases?per_page=50"):
            drafts = [release("v3.0.0", draft=True), release("v2.0.0", prerelease=True)]
            return json.dumps([*drafts, release("tool-v1.1.0"), release("nightly")])
        assert url == "https://api.github.com/repos/some/tool/releases/tags/v1.1.0"
        return json.dumps({"assets": assets})

    assert sources(get=get).newest(TOOL, "1.0.0") == Release("1.1.0", {"x86_64": B})
    assets[0]["digest"] = "sha256:no"
    assert sources(get=get).newest(TOOL, "1.0.0") == Release("1.1.0")
    assets[0]["digest"] = None  # type: ignore[assignment]
    assert sources(get=get).newest(TOOL, "1.0.0") == Release("1.1.0")


def test_a_go_module_keeps_the_letter_of_its_version() -> None:
    pin = Pin("lint", "v1.0.0", registry="go", package="example.org/lint")
    answer = json.dumps(
        {"Path": "example.org/lint", "Versions": ["v1.0.0", "v1.2.0-pre.1", "v1.1.0"]}
    )
    assert sources(lambda _arguments: answer).newest(pin, "v1.0.0") == Release("v1.1.0")


def test_a_release_of_go_itself_is_a_version_of_a_module() -> None:
    pin = Pin("go", "1.27.2", registry="go", package="golang.org/toolchain", line="1.27.")
    releases = ("1.27.3.darwin-arm64", "1.27.4.linux-amd64", "1.28.0.linux-amd64")
    answer = json.dumps({"Versions": [f"v0.0.1-go{release}" for release in releases]})
    assert sources(lambda _arguments: answer).newest(pin, "1.27.2") == Release("1.27.4")


def test_the_checksums_of_go_itself_are_in_the_list_of_its_site() -> None:
    pin = Pin(
        "go",
        "1.1.0",
        registry="go",
        package="golang.org/toolchain",
        artefacts={"x86_64": "https://go.dev/dl/go{version}.linux-amd64.tar.gz"},
        checksums={"x86_64": A},
    )
    versions = {"Versions": ["v0.0.1-go1.1.1.linux-amd64", "v0.0.1-go1.2rc1.linux-amd64"]}
    file = {"filename": "go1.1.1.linux-amd64.tar.gz", "sha256": B}
    listed = json.dumps([{"version": "go1.1.1", "files": [file]}])
    found = sources(lambda _arguments: json.dumps(versions), lambda _url: listed)
    assert found.newest(pin, "1.1.0") == Release("1.1.1", {"x86_64": B})
    away = sources(lambda _arguments: json.dumps(versions))
    assert away.newest(pin, "1.1.0") == Release("1.1.1")


def test_cargo_says_the_last_version_beside_the_one_for_its_compiler() -> None:
    assert pin_answers.cargo("eza\nversion: 0.9.0 (latest 1.0.0)\nlicense: x") == ["0.9.0", "1.0.0"]
    assert pin_answers.cargo("eza\nversion: 0.23.5\n") == ["0.23.5"]


def test_what_cannot_be_asked_is_said_pin_by_pin() -> None:
    answers = sources().all_newest([(AGENT, "1"), (TOOL, "1")])
    assert answers == [
        NotKnown("not asked: npm is not on this host"),
        NotKnown("api.github.com cannot be reached"),
    ]


@pytest.mark.parametrize("package", ["-g", "--config=x", "a b", "../x", "https://x"])
def test_a_name_that_a_client_would_take_for_something_else_is_not_asked_for(package: str) -> None:
    def run(arguments: Sequence[str]) -> str:
        raise AssertionError(arguments)

    answer = sources(run).newest(Pin("x", "1", registry="npm", package=package), "1")
    assert answer == NotKnown(f"`{package}` is no name of a package")


def _nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    keys = st.sampled_from(["version", "lts", "tag_name", "assets", "install"]) | st.text()
    return st.lists(inner) | st.dictionaries(keys, inner)


JSON = st.recursive(st.none() | st.text() | st.integers(), _nested, max_leaves=8)


@given(answer=st.text() | JSON.map(json.dumps))
@pytest.mark.parametrize("pin", [AGENT, WHEEL, TOOL, NODE], ids=lambda pin: pin.registry)
def test_any_answer_is_read_or_refused(pin: Pin, answer: str) -> None:
    found = sources(lambda _arguments: answer, lambda _url: answer).newest(pin, "0")
    assert isinstance(found, NotKnown) or newest_stable([found.version])


def test_every_pin_of_the_catalogue_can_be_taken_by_its_options() -> None:
    for name, profile in load().items():
        for pin in profile.pins:
            assert set(pin.checksums) <= {"x86_64", "aarch64"}
            assert not pin.artefacts or pin.artefacts.keys() == pin.checksums.keys()
            wanted = {pin.option, *([pin.sha256_option] if pin.artefacts else [])} - {""}
            assert not pin.option or wanted <= set(profile.option_names), (name, pin.program)
