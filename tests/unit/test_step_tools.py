from __future__ import annotations

import json

import pytest
from step_facts import FACTS

from provision import Apt, Cargo, Change, Deb, GoInstall, Step, UvTool

GH = Deb("gh", url="https://example.org/gh.deb", sha256="a" * 64, version="2.82.1")
BLACK = UvTool("Black", "25.1.0")
RIPGREP = Cargo("ripgrep", "14.1.1")
LINT = GoInstall("example.org/lint/v2/cmd/lint", "v2.1.0")


def planned(step: Step, state: str) -> Change:
    change = step.plan(state, FACTS)
    assert change is not None
    return change


@pytest.mark.parametrize("state", ["2.82.1", "2.83.0-1"], ids=["the same", "newer"])
def test_a_package_from_a_file_that_is_not_older_stays(state: str) -> None:
    assert GH.plan(state, FACTS) is None


def test_a_package_from_a_file_without_a_version_is_installed_once() -> None:
    step = Deb("gh", url="https://example.org/gh.deb", sha256="a" * 64)
    assert step.plan("0.1", FACTS) is None
    assert planned(step, "").summary == "install gh by https://example.org/gh.deb"


def test_a_package_is_checked_before_apt_installs_it_with_what_it_needs() -> None:
    change = planned(GH, "2.46.0")
    assert change.summary == "upgrade gh from 2.46.0 by https://example.org/gh.deb"
    *_, check, install = change.script.splitlines()
    digest = "a" * 64
    assert check == f'nopal_deb gh "$nopal_debs"/gh.deb https://example.org/gh.deb {digest} 2.82.1'
    assert install == 'nopal_get "$nopal_debs"/gh.deb'


def test_packages_from_files_are_installed_by_one_call() -> None:
    steps = [GH, Deb("libx:i386", url="https://example.org/x", sha256="b" * 64)]
    merged = Deb.merge(steps, [planned(step, "") for step in steps])
    assert merged.script.endswith('\nnopal_get "$nopal_debs"/gh.deb "$nopal_debs"/libx_i386.deb')


def test_packages_from_files_are_asked_for_as_others_are() -> None:
    steps = [GH, Deb("libx:i386", url="https://example.org/x", sha256="b" * 64)]
    assert Deb.batch_probe(steps) == Apt.batch_probe([Apt("gh"), Apt("libx:i386")])
    assert Deb.batch_states(steps, "installed libx i386 1.0") == ["", "1.0"]


def test_a_package_that_needs_a_file_of_a_repository_is_not_moved_before_it() -> None:
    assert "deb" in Apt.merges_after


@pytest.mark.parametrize(
    ("name", "url", "sha256"),
    [
        ("-y", "https://x/a.deb", "a" * 64),
        ("gh", "http://x/a.deb", "a" * 64),
        ("gh", "https://x/a.deb", ""),
        ("gh", "https://x/a.deb", "A" * 64),
    ],
)
def test_a_package_that_could_not_be_checked_is_refused(name: str, url: str, sha256: str) -> None:
    with pytest.raises(ValueError, match=r"needs an https|no name of a Debian package"):
        Deb(name, url=url, sha256=sha256)


@pytest.mark.parametrize(
    ("version", "found"),
    [("25.1.0", "25.1.0"), ("25.1", "25.1.0"), ("2024.01.05", "2024.1.5"), ("", "0.1")],
)
def test_a_python_program_at_its_version_calls_for_no_change(version: str, found: str) -> None:
    state = f"uv black click-8.1.dist-info\nuv black black-{found}.dist-info"
    assert UvTool("black", version).plan(state, FACTS) is None


def test_a_python_program_is_known_by_any_spelling_of_its_name() -> None:
    step = UvTool("Zope_Tool.x", "1.0")
    assert step.id == "uv-tool:zope-tool-x"
    assert step.plan("pipx zope-tool-x zope.tool_X-1.0.dist-info", FACTS) is None


def test_a_python_program_is_installed_by_uv_else_by_pipx() -> None:
    script = planned(BLACK, "").script
    by_uv = script.index("uv tool install Black==25.1.0")
    assert by_uv < script.index("""pipx install "$@" Black==25.1.0""")


def test_what_pipx_installed_stays_with_pipx() -> None:
    change = planned(BLACK, "pipx black black-24.1.0.dist-info")
    assert change.summary == "install Black==25.1.0 instead of 24.1.0"
    assert change.script.index("pipx install") < change.script.index("uv tool install")


def test_a_python_program_is_installed_for_the_python_that_is_asked_for() -> None:
    script = planned(UvTool("black", python="3.12"), "").script
    assert "uv tool install --python=3.12 black;" in script


def test_all_python_programs_are_listed_together() -> None:
    steps = [BLACK, UvTool("ruff"), UvTool("tox")]
    output = "uv ruff ruff-0.8.0.dist-info\npipx tox tox-4.0.dist-info\npipx tox x-1.dist-info"
    states = UvTool.batch_states(steps, output)
    assert states == [
        "",
        "uv ruff ruff-0.8.0.dist-info",
        "pipx tox tox-4.0.dist-info\npipx tox x-1.dist-info",
    ]
    assert UvTool.batch_probe(steps).endswith('"$nopal_pipx" pipx_metadata.json black ruff tox')


@pytest.mark.parametrize(
    ("name", "version"),
    [("-e", ""), ("./x", ""), ("x[y]", ""), ("x", ">=1"), ("https://x", ""), ("x y", ""), ("", "")],
)
def test_what_uv_could_take_for_something_else_is_refused(name: str, version: str) -> None:
    with pytest.raises(ValueError, match="no Python package"):
        UvTool(name, version)


def record(*crates: str, features: tuple[str, ...] = ()) -> str:
    return json.dumps(
        {"installs": {f"{crate} (registry+https://x)": {"features": features} for crate in crates}}
    )


def test_a_crate_at_its_version_calls_for_no_change() -> None:
    state = record("fd-find 10.1.0", "ripgrep 14.1.1")
    assert RIPGREP.plan(state, FACTS) is None
    assert Cargo("fd-find").plan(state, FACTS) is None


def test_another_version_of_a_crate_is_replaced() -> None:
    change = planned(RIPGREP, record("ripgrep 13.0.0", "ripgrep-all 14.1.1"))
    assert change.summary == "install ripgrep@14.1.1 instead of 13.0.0"
    assert change.script.endswith("\ncargo install --locked -- ripgrep@14.1.1")


def test_a_crate_without_a_wanted_feature_is_compiled_anew() -> None:
    step = Cargo("ripgrep", features=("pcre2",))
    assert step.plan(record("ripgrep 14.1.1", features=("pcre2", "simd")), FACTS) is None
    change = planned(step, record("ripgrep 14.1.1"))
    assert change.script.endswith("\ncargo install --locked --features=pcre2 -- ripgrep")


def test_crates_are_compiled_by_one_call_unless_a_feature_would_be_asked_of_all() -> None:
    steps = [RIPGREP, Cargo("fd-find")]
    merged = Cargo.merge(steps, [planned(step, "") for step in steps])
    assert merged is not None
    assert merged.script.endswith("\ncargo install --locked -- ripgrep@14.1.1 fd-find")
    steps = [RIPGREP, Cargo("fd-find", features=("x",))]
    assert Cargo.merge(steps, [planned(step, "") for step in steps]) is None


@pytest.mark.parametrize("state", ["[]", '{"installs": []}', "{"])
def test_a_record_that_is_none_is_no_answer(state: str) -> None:
    with pytest.raises(ValueError, match=r"unknown form|Expecting"):
        RIPGREP.plan(state, FACTS)


@pytest.mark.parametrize(
    ("name", "version", "features"),
    [("--git", "", ()), ("x", "^1", ()), ("x", "1.2", ()), ("x@1", "", ()), ("x", "", ("a,b",))],
)
def test_what_cargo_could_take_for_something_else_is_refused(
    name: str, version: str, features: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="no crate"):
        Cargo(name, version, features=features)


def go(package: str, version: str) -> str:
    return f"path\t{package}\nmod\texample.org/lint/v2\t{version}\th1:x"


@pytest.mark.parametrize("version", ["v2.1.0", "v2.1.0+incompatible"])
def test_a_go_program_at_its_version_calls_for_no_change(version: str) -> None:
    state = go("example.org/other", "v1.0.0") + "\n" + go(LINT.module, version)
    assert LINT.plan(state, FACTS) is None
    assert GoInstall(LINT.module).plan(state, FACTS) is None


@pytest.mark.parametrize(
    ("state", "summary"),
    [
        ("", "install example.org/lint/v2/cmd/lint@v2.1.0"),
        (go("elsewhere.org/lint", "v2.1.0"), "install example.org/lint/v2/cmd/lint@v2.1.0"),
        (
            go(LINT.module, "(devel)"),
            "install example.org/lint/v2/cmd/lint@v2.1.0 instead of (devel)",
        ),
    ],
    ids=["absent", "another of that name", "built by hand"],
)
def test_another_go_program_is_replaced(state: str, summary: str) -> None:
    change = planned(LINT, state)
    assert change.summary == summary
    assert change.script.endswith(
        "\nGOBIN=$nopal_go go install example.org/lint/v2/cmd/lint@v2.1.0"
    )


@pytest.mark.parametrize(
    ("module", "program"),
    [("example.org/a/cmd/lint", "lint"), ("example.org/lint/v2", "lint"), ("example.org/v1", "v1")],
)
def test_a_go_program_is_named_as_go_names_it(module: str, program: str) -> None:
    assert GoInstall(module).program == program


def test_all_go_programs_are_read_by_one_process() -> None:
    script = GoInstall.batch_probe([LINT, GoInstall("example.org/a/vet")])
    assert 'go version -m "$nopal_go"/lint "$nopal_go"/vet |' in script


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("./cmd", ""),
        ("fmt", ""),
        ("-x.y/z", ""),
        ("example.org/...", ""),
        ("example.org/a/../b", ""),
        ("example.org/a", "1.2.3"),
        ("example.org/a", "master"),
    ],
)
def test_what_go_could_take_for_something_else_is_refused(module: str, version: str) -> None:
    with pytest.raises(ValueError, match="no Go package"):
        GoInstall(module, version)
