from __future__ import annotations

import base64
import shutil
import subprocess

import pytest

from provision import (
    Apt,
    AptRepository,
    AptUpgrade,
    Archive,
    Block,
    Cargo,
    Check,
    Command,
    Deb,
    Directory,
    Edit,
    File,
    FirstOf,
    GitClone,
    GitConfig,
    GoInstall,
    JsonMerge,
    Line,
    Link,
    Member,
    Npm,
    Rewrite,
    Service,
    Step,
    Sysctl,
    Template,
    Unit,
    User,
    UvTool,
)
from provision.contents import Content
from provision.facts import Facts

FACTS = Facts("debian", "trixie", "13", "x86_64", "6", "dev", "/home/dev")

FILES = [File("/etc/a b", "x'y\n", then="true"), File("/etc/c", b"\x00")]
REPOSITORY = AptRepository(
    "docker",
    uris=("https://download.docker.com/linux/debian",),
    key_url="https://download.docker.com/linux/debian/gpg",
    key_fingerprints=("A" * 40,),
)

# Each with a state that calls for a change.
SAMPLES: list[tuple[list[Step], str]] = [
    ([*FILES], "-"),
    ([File("~/a b", "x"), File("~/c", "y")], "-"),
    ([Template("/etc/t", "x"), Template("/etc/u", "y")], "-"),
    ([Directory("/srv/a b"), Directory("/srv/c")], "-"),
    ([Link("~/a b", "~/c"), Link("~/d", "/e")], "-"),
    ([Block("~/.bashrc", "export A='1'")], "none"),
    ([Line("/etc/x", "A=1", match="^A=")], "0 0"),
    ([JsonMerge("~/x.json", {"a": 1}), JsonMerge("~/x.json", {"b": "it's"})], "absent"),
    ([User("dev", shell="/bin/bash"), User("eve")], ""),
    ([Member("dev", "docker"), Member("eve", "docker")], ""),
    ([Service("docker"), Service("ssh")], ""),
    ([Unit("a.service", "A"), Unit("b.service", "B")], "-"),
    ([Sysctl("vm.swappiness", "1"), Sysctl("net/ipv4/conf/eth0.1/x", "1 2")], ""),
    ([Apt("curl"), Apt("gh", version_at_least="2.82")], ""),
    ([REPOSITORY], ""),
    ([AptUpgrade()], ""),
    (
        [
            Deb("gh", url="https://x/a b.deb", sha256="0" * 64, version="2.82"),
            Deb("libx:i386", url="https://x/b.deb", sha256="0" * 64),
        ],
        "",
    ),
    ([Archive("https://x/a b.tar.xz", sha256="0" * 64, to="/opt/a b")], ""),
    ([Archive("https://x/a.zip", sha512="0" * 128, to="~/a")], ""),
    ([Npm("@a/b", "1"), Npm("c")], ""),
    ([Npm("@a/b", "latest", moves=True)], "1.0.0"),
    ([UvTool("a.b", "1.0", python="3.12"), UvTool("c")], ""),
    ([UvTool("d", "1.0")], "pipx d d-0.9.dist-info"),
    ([Cargo("a", "1.0.0"), Cargo("b")], ""),
    ([Cargo("a", features=("x", "y"))], ""),
    ([GoInstall("example.org/a", "v1.0.0"), GoInstall("example.org/b/v2")], ""),
    ([GitClone("https://x/y", "~/code/a'b", branch="x")], ""),
    ([GitConfig("a.b", "c d"), GitConfig("a.c", ("1", "2"), path="/etc/gitconfig")], ""),
    ([Command("true", unless="false # no", creates="/x y")], ""),
    ([Check("true # yes")], ""),
    (
        [FirstOf("x", (REPOSITORY, Apt("gh"), Apt("git")), File("~/x", "y"))],
        "\n".join([base64.b64encode(s.encode()).decode() for s in ("", "", "", "-")]),
    ),
]


def scripts(steps: list[Step], state: str) -> list[str]:
    kind = type(steps[0])
    changes = [step.plan(state, FACTS) for step in steps]
    assert all(changes)
    merged = kind.merge(steps, [change for change in changes if change])
    return [
        *(step.probe() for step in steps),
        kind.batch_probe(steps) or "",
        *(change.script for change in changes if change),
        merged.script if merged else "",
    ]


def complaints(script: str) -> str:
    done = subprocess.run(
        ["shellcheck", "--shell=sh", "--severity=style", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck on this host")
@pytest.mark.parametrize(
    ("steps", "state"), SAMPLES, ids=[type(steps[0]).kind for steps, _ in SAMPLES]
)
def test_shellcheck_finds_nothing_in_what_a_kind_says(steps: list[Step], state: str) -> None:
    found = [complaints(script) for script in scripts(steps, state) if script]
    assert "".join(found) == ""


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck on this host")
def test_shellcheck_finds_nothing_in_what_fetches_a_file_for_a_plan() -> None:
    assert complaints(Content("file:x", Rewrite("~/a b", "")).probe()) == ""
    assert complaints(Content("line:x", Edit("~/a b", 'cat "$nopal_to"')).probe()) == ""
