"""`nopal-dependencies` in a real sh and real clones, with stand-ins for the package managers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from profiles.deps import Dependencies, program
from provision.facts import Facts

FACTS = Facts("debian", "trixie", "13", "x86_64", "6", "dev", "/home/dev")
TOOLS = ("sh", "git", "jq", "sed", "grep", "cat", "sha256sum", "mkdir", "base64", "od", "tr", "rm")
NPM_LOCK = '{"lockfileVersion": 3}\n'
SIGNED = 'case $2 in --version) exit;; esac; echo "$@" >>"$HOME/calls"; mkdir -p node_modules/x'

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


@dataclass(frozen=True)
class Machine:
    """A home with one clone, and a PATH on which nothing is but what the program may use."""

    home: Path

    @property
    def clone(self) -> Path:
        return self.home / "clone"

    def has(self, tool: str, script: str = "") -> None:
        """Put a stand-in for `tool` on the PATH, which notes how it was called."""
        path = self.home / "bin" / tool
        path.write_text(
            "#!/bin/sh\n" + (script or f'echo "{tool} $*" >>"$HOME/calls"; mkdir -p node_modules/x')
        )
        path.chmod(0o755)

    def commits(self, **files: str) -> None:
        for name, text in files.items():
            (self.clone / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "-qm", "x")

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x", "-C", str(self.clone), *arguments],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def run(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [self.home / "program", *arguments, self.clone],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"HOME": str(self.home), "PATH": str(self.home / "bin")},
        )
        return done.returncode, done.stdout

    @property
    def plan(self) -> str:
        return self.run("--plan")[1].rstrip("\n")

    @property
    def calls(self) -> list[str]:
        path = self.home / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.clone.mkdir()
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(os.path.realpath(found))
    (tmp_path / "program").write_text(program())
    (tmp_path / "program").chmod(0o755)
    made.git("init", "-q")
    made.commits(README="x")
    return made


@pytest.fixture
def node(machine: Machine) -> Machine:
    machine.has("npm")
    machine.has("corepack", SIGNED)
    return machine


def package(**fields: object) -> str:
    return json.dumps({"name": "x", **fields})


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_finds_no_fault() -> None:
    seen = subprocess.run(
        ["shellcheck", "--shell=sh", "--severity=warning", "-"],
        input=program(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert seen.stdout == ""


def test_a_repo_without_lock_files_is_left_alone(node: Machine) -> None:
    node.commits(**{"package.json": package(), "requirements.txt": "x"})
    assert node.plan == ""
    assert node.run() == (0, "")


def test_a_lock_file_is_installed_once(node: Machine) -> None:
    node.commits(**{"package.json": package(), "package-lock.json": NPM_LOCK})
    assert node.plan == "npm ci --no-audit --no-fund"
    assert node.run()[0] == 0
    assert node.plan == ""
    node.run()
    assert node.calls == ["npm ci --no-audit --no-fund"]


def test_another_lock_file_is_installed_again(node: Machine) -> None:
    node.commits(**{"package.json": package(), "package-lock.json": NPM_LOCK})
    node.run()
    node.commits(**{"package-lock.json": NPM_LOCK + "\n"})
    assert node.plan.startswith("npm ci")


def test_a_lock_file_that_is_being_worked_on_is_left_alone(node: Machine) -> None:
    node.commits(**{"package.json": package()})
    (node.clone / "package-lock.json").write_text(NPM_LOCK)
    assert node.plan == ""
    node.commits()
    assert node.plan
    (node.clone / "package-lock.json").write_text("{}")
    assert node.plan == ""


def test_what_the_repo_forgot_to_ignore_does_not_show_in_git_status(node: Machine) -> None:
    node.commits(**{"package.json": package(), "package-lock.json": NPM_LOCK})
    node.run()
    (node.clone / "node_modules" / "x" / "y").write_text("y")
    assert node.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("named", "lock", "call"),
    [
        ("npm@11.4.0", "package-lock.json", "npm@11.4.0 ci --no-audit --no-fund"),
        ("pnpm@10.1.0", "pnpm-lock.yaml", "pnpm@10.1.0 install --frozen-lockfile"),
        ("pnpm@10.1.0+sha512.ab12", "pnpm-lock.yaml", "pnpm@10.1.0+sha512.ab12 install"),
        ("yarn@1.22.22", "yarn.lock", "yarn@1.22.22 install --frozen-lockfile"),
        ("yarn@4.9.2", "yarn.lock", "yarn@4.9.2 install --immutable"),
    ],
)
def test_the_manager_that_the_repo_names_is_taken(
    node: Machine, named: str, lock: str, call: str
) -> None:
    node.commits(**{"package.json": package(packageManager=named), lock: "x\n"})
    assert node.plan.startswith(call)
    assert node.run()[0] == 0
    [seen] = node.calls
    assert seen.startswith(call)


def test_the_named_manager_decides_between_lock_files(node: Machine) -> None:
    named = package(packageManager="pnpm@10.1.0")
    node.commits(**{"package.json": named, "yarn.lock": "", "pnpm-lock.yaml": ""})
    assert node.plan.startswith("pnpm@10.1.0 ")


@pytest.mark.parametrize(
    ("lock", "text", "manager"),
    [
        ("pnpm-lock.yaml", "lockfileVersion: 5.4\n", "pnpm@7."),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "pnpm@8."),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "pnpm@10."),
        ("yarn.lock", "# yarn lockfile v1\n", "yarn@1."),
        ("yarn.lock", "__metadata:\n  version: 6\n", "yarn@3."),
        ("yarn.lock", "__metadata:\n  version: 8\n", "yarn@4."),
        ("bun.lock", "{}\n", "bun@1."),
        ("npm-shrinkwrap.json", "{}\n", "npm ci"),
    ],
)
def test_without_a_name_the_lock_files_format_decides(
    node: Machine, lock: str, text: str, manager: str
) -> None:
    node.commits(**{"package.json": package(), lock: text})
    assert node.plan.startswith(manager)


@pytest.mark.parametrize(
    "named",
    ["pnpm", "pnpm@latest", "pnpm@^9", "evil@1.0.0", "npm@1.0.0\nx", "npm@1.0.0 -x", 7, ["npm"]],
)
def test_a_name_that_is_no_exact_version_is_refused_in_words(node: Machine, named: object) -> None:
    files = {"package.json": package(packageManager=named), "package-lock.json": NPM_LOCK}
    node.commits(**files)
    assert "no exact version of npm, pnpm, yarn or bun" in node.plan
    assert node.run()[0] == 0
    assert node.calls == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"package.json": package(packageManager="pnpm@1.0.0"), "yarn.lock": ""}, "missing"),
        ({"package.json": package(), "yarn.lock": "", "package-lock.json": ""}, "several managers"),
        ({"package.json": "{", "package-lock.json": NPM_LOCK}, "no exact version"),
    ],
)
def test_what_cannot_be_decided_is_said_once_and_no_failure(
    node: Machine, files: dict[str, str], words: str
) -> None:
    node.commits(**files)
    assert words in node.plan
    status, output = node.run()
    assert status == 0
    assert words in output
    assert node.plan == ""


def test_a_missing_tool_names_the_profile_and_counts_when_it_is_there(machine: Machine) -> None:
    machine.commits(**{"uv.lock": "x", "package.json": package(), "package-lock.json": NPM_LOCK})
    assert machine.plan.splitlines() == [
        "no dependencies installed: this machine has no Node: add the profile `node`",
        "no dependencies installed: this machine has no uv: add the profile `python`",
    ]
    assert machine.run()[0] == 0
    assert machine.plan == ""
    machine.has("uv")
    assert machine.plan == "uv sync --frozen"


def test_a_failure_names_repo_command_and_the_way_to_opt_out(node: Machine) -> None:
    node.has("npm", "echo broken; exit 7")
    node.has("uv")
    node.commits(
        **{"package.json": package(), "package-lock.json": NPM_LOCK, "uv.lock": "version = 1\n"}
    )
    status, output = node.run()
    assert status == 1
    assert f"In {node.clone} `npm ci --no-audit --no-fund` failed with 7." in output
    assert "dependencies = false" in output
    assert node.plan == "npm ci --no-audit --no-fund"
    assert node.calls == ["uv sync --frozen"]


UNSIGNED = """\
case $1,$2 in
*+sha512.*,--version) : >"$HOME/had" ;;
*,--version) [ -e "$HOME/had" ] || { echo "Error: No compatible signature found"; exit 1; } ;;
*) echo "$COREPACK_NPM_REGISTRY $*" >>"$HOME/calls" ;;
esac
"""
REGISTRY = """\
case $1 in
config) echo https://mirror.example/npm/ ;;
view) echo "sha512-q80=" ;;
esac
"""


def test_without_signatures_the_registrys_checksum_counts_and_that_is_said(node: Machine) -> None:
    node.has("npm", REGISTRY)
    node.has("corepack", UNSIGNED)
    node.commits(**{"package.json": package(packageManager="pnpm@10.1.0"), "pnpm-lock.yaml": "x\n"})
    status, output = node.run()
    assert status == 0, output
    assert "without a signature of npm's" in output
    assert node.calls[0].startswith("https://mirror.example/npm pnpm@10.1.0 install")


def test_a_signature_that_is_wrong_is_not_gone_around(node: Machine) -> None:
    node.has("npm", REGISTRY)
    node.has("corepack", "echo 'Error: Signature does not match'; exit 1")
    node.commits(**{"package.json": package(packageManager="pnpm@10.1.0"), "pnpm-lock.yaml": "x\n"})
    status, output = node.run()
    assert status == 1
    assert "Signature does not match" in output


def test_what_is_no_clone_has_nothing_outstanding(machine: Machine) -> None:
    shutil.rmtree(machine.clone / ".git")
    status, _ = machine.run("--plan")
    assert status == 1
    assert Dependencies("~/clone").plan("", FACTS) is None
