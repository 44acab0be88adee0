"""Step kinds that install programs, in real shells; what would fetch them is a stand-in."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from step_shell import StepShell

from provision import Cargo, Change, Deb, GoInstall, Step, UvTool


def changes(sh: StepShell, steps: Sequence[Step], states: Sequence[str]) -> list[Change]:
    planned = [step.plan(state, sh.facts) for step, state in zip(steps, states, strict=True)]
    wanted = [change for change in planned if change is not None]
    assert len(wanted) == len(steps)
    return wanted


def deb(place: Path, name: str, version: str) -> tuple[Path, str]:
    """Make a package; return its file and SHA-256."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg on this host")
    tree = place / f"{name}-tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: n\nDescription: d\n"
    )
    file = place / f"{name}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, file],
        check=True,
        capture_output=True,
    )
    return file, hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def web(sh: StepShell, tmp_path: Path) -> Path:
    """What the stand-in for curl serves, by the last part of the URL; apt says what it gets."""
    place = tmp_path / "web"
    place.mkdir()
    sh.stand_in(
        "curl",
        "while [ $# -gt 0 ]; do case $1 in --output) to=$2 ;; --url) from=$2 ;; esac; shift; done\n"
        f'exec cp -- "{place}/${{from##*/}}" "$to"',
    )
    sh.stand_in(
        "apt-get",
        'for word do case $word in /*) [ -r "$word" ] && echo "gets ${word##*/}" ;; esac; done',
    )
    sh.stand_in("find", "echo fresh")
    (sh.home / "lib/apt/lists").mkdir(parents=True)
    (sh.home / "lib/apt/lists/x_InRelease").touch()
    return place


def test_packages_from_files_are_checked_and_given_to_apt_together(
    sh: StepShell, web: Path
) -> None:
    steps = []
    for name, version in (("one-x", "1.2-1"), ("two-x", "0.9")):
        file, digest = deb(web, name, version)
        url = f"https://x/{file.name}"
        steps.append(Deb(name, url=url, sha256=digest, version=version))
    assert sh.states(steps) == ["", ""]
    merged = Deb.merge(steps, changes(sh, steps, ["", ""]))
    status, output = sh.apply(f"TMPDIR=$HOME\n{merged.script}")
    assert (status, output) == (0, "gets one-x.deb\ngets two-x.deb\n")
    assert sorted(each.name for each in sh.home.iterdir()) == ["bin", "lib"]


@pytest.mark.parametrize(
    ("name", "digest", "version", "reason"),
    [
        ("one-x", "0" * 64, "", "the checksum of https://x/one-x.deb is wrong"),
        ("other", "", "", "https://x/one-x.deb holds the package one-x, not other"),
        ("one-x", "", "1.3", "https://x/one-x.deb holds version 1.2-1, not 1.3"),
    ],
    ids=["checksum", "name", "version"],
)
def test_a_file_that_is_not_what_was_asked_for_is_not_installed(
    sh: StepShell, web: Path, name: str, digest: str, version: str, reason: str
) -> None:
    file, right = deb(web, "one-x", "1.2-1")
    step = Deb(name, url=f"https://x/{file.name}", sha256=digest or right, version=version)
    (change,) = changes(sh, [step], [""])
    status, output = sh.apply(change.script)
    assert status == 1
    assert reason in output
    assert "gets" not in output


# As uv and pipx lay it out; the last argument is the package.
FAKE_TOOLS = """
echo "$0 $*" >>"$HOME/calls"
for spec do :; done
case $spec in *==*) ;; *) spec=$spec==9.9 ;; esac
name=$(printf %s "${spec%%==*}" | tr 'A-Z._' 'a-z--')
place=$HOME/.local/share/PLACE/$name
packages=$place/lib/python3.13/site-packages
rm -rf "$place"; mkdir -p "$packages/click-8.1.dist-info"
mkdir "$packages/$(printf %s "$name" | tr - _)-${spec##*==}.dist-info"
touch "$place/RECEIPT"
"""


def manager(sh: StepShell, name: str, place: str, receipt: str) -> None:
    sh.stand_in(name, FAKE_TOOLS.replace("PLACE", place).replace("RECEIPT", receipt))


def calls(sh: StepShell) -> list[str]:
    log = sh.home / "calls"
    lines = log.read_text().splitlines()
    log.unlink()
    return [line.rpartition("/")[2] for line in lines]


def test_python_programs_are_installed_by_uv_and_found_without_it(sh: StepShell) -> None:
    manager(sh, "uv", "uv/tools", "uv-receipt.toml")
    manager(sh, "pipx", "pipx/venvs", "pipx_metadata.json")
    sh.converge(UvTool("Black.x", "25.1.0"))
    sh.converge(UvTool("Black.x", "25.2.0", python="3.12"))
    assert calls(sh) == [
        "uv tool install Black.x==25.1.0",
        "uv tool install --python=3.12 Black.x==25.2.0",
    ]
    steps = [UvTool("ruff"), UvTool("black-x")]
    assert sh.states(steps) == [sh.state(step) for step in steps]
    assert steps[1].plan(sh.states(steps)[1], sh.facts) is None
    assert not (sh.home / "calls").exists()


def test_pipx_replaces_what_it_installed_or_left_half_done(sh: StepShell) -> None:
    if shutil.which("uv"):
        pytest.skip("this host has uv on its PATH")
    manager(sh, "pipx", "pipx/venvs", "pipx_metadata.json")
    sh.converge(UvTool("black"))
    manager(sh, "uv", "uv/tools", "uv-receipt.toml")
    sh.converge(UvTool("black", "25.1.0"))
    (sh.home / ".local/share/pipx/venvs/black/pipx_metadata.json").unlink()
    (sh.bin / "uv").unlink()
    sh.converge(UvTool("black", "25.1.0"))
    assert calls(sh) == [
        "pipx install black",
        "pipx install --force black==25.1.0",
        "pipx install --force black==25.1.0",
    ]


def test_without_uv_and_pipx_the_reason_is_said(sh: StepShell) -> None:
    if shutil.which("uv") or shutil.which("pipx"):
        pytest.skip("this host has them on its PATH")
    (change,) = changes(sh, [UvTool("black")], [""])
    assert sh.apply(change.script) == (1, "neither uv nor pipx is installed\n")


FAKE_CARGO = """
echo "cargo $*" >>"$HOME/calls"
features=; for word do case $word in --features=*) features=${word#*=} ;; esac; done
while [ "$1" != -- ]; do shift; done; shift
mkdir -p "$HOME/.cargo"
for spec do
[ -z "$all" ] || all=$all,
version=0.1.0; case $spec in *@*) version=${spec#*@} ;; esac
all="$all\\"${spec%@*} $version (registry+https://x)\\":{\\"features\\":[\\"$features\\"]}"
done
printf '{"installs":{%s}}' "$all" >"$HOME/.cargo/.crates2.json"
"""


def test_crates_are_installed_together_and_found_in_cargos_record(sh: StepShell) -> None:
    sh.stand_in("cargo", FAKE_CARGO)
    steps = [Cargo("fd-find", "10.1.0"), Cargo("ripgrep")]
    merged = Cargo.merge(steps, changes(sh, steps, sh.states(steps)))
    assert merged is not None
    assert sh.apply(merged.script) == (0, "")
    assert calls(sh) == ["cargo install --locked -- fd-find@10.1.0 ripgrep"]
    found = zip(steps, sh.states(steps), strict=True)
    assert [step.plan(state, sh.facts) for step, state in found] == [None, None]
    sh.converge(Cargo("ripgrep", features=("pcre2",)))
    assert calls(sh) == ["cargo install --locked --features=pcre2 -- ripgrep"]


# Go's own form of the answer, tabs included.
FAKE_GO = """
case $1 in
install) spec=$2; name=${spec%@*}; mkdir -p "$GOBIN"
printf '\\tpath\\t%s\\n\\tmod\\t%s\\t%s\\th1:x\\n\\tdep\\tmod\\tv9\\th1:y\\n' \\
"$name" "$name" "${spec#*@}" >"$GOBIN/${name##*/}" ;;
version) shift 2; status=0
for file do
if [ -e "$file" ]; then printf '%s: go1.26\\n' "$file"; cat "$file"
else echo "stat $file: no such file or directory" >&2; status=1; fi
done; exit $status
esac"""


def test_go_programs_are_installed_and_read_together(sh: StepShell) -> None:
    sh.stand_in("go", FAKE_GO)
    steps = [GoInstall("example.org/lint", "v1.2.3"), GoInstall("example.org/vet", "v0.1.0")]
    for step in steps:
        sh.converge(step)
    sh.converge(GoInstall("example.org/lint", "v1.3.0"))
    states = sh.states([*steps, GoInstall("example.org/absent")])
    assert states[0] == "\n".join(
        [
            "path\texample.org/lint",
            "mod\texample.org/lint\tv1.3.0\th1:x",
            "path\texample.org/vet",
            "mod\texample.org/vet\tv0.1.0\th1:x",
        ]
    )
