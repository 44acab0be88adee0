from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from step_shell import USER, StepShell

from provision import (
    Apt,
    AptRepository,
    Archive,
    Block,
    Check,
    Command,
    Directory,
    File,
    FirstOf,
    GitClone,
    GitConfig,
    JsonMerge,
    Line,
    Link,
    Member,
    Npm,
    Service,
    Step,
    Sysctl,
    Template,
    Union,
    Unit,
    User,
)
from provision.steps.debian_version import is_at_least

ODD = "a b\t'\"$(x)\n`é\\*"


def git(*arguments: str, cwd: Path) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "protocol.file.allow=always"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_a_file_gets_content_mode_and_owner_whatever_its_name_holds(
    sh: StepShell, tmp_path: Path
) -> None:
    path = tmp_path / "new" / ODD
    sh.converge(File(str(path), "one\n", mode="0640", owner=USER))
    assert path.read_text() == "one\n"
    assert path.stat().st_mode & 0o7777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == [ODD]


@pytest.mark.parametrize(
    "content", ["", "no newline", "'\\n%s\"$HOME`\n", b"\x00\x1e\xff\n\n", "é\r\n"]
)
def test_any_content_arrives_as_it_is(sh: StepShell, content: str | bytes) -> None:
    sh.converge(File("~/x", content))
    data = content.encode() if isinstance(content, str) else content
    assert (sh.home / "x").read_bytes() == data


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_stays(sh: StepShell) -> None:
    (sh.home / "target").write_text("mine")
    (sh.home / "x").symlink_to("target")
    sh.converge(File("~/x", "new"))
    assert (sh.home / "target").read_text() == "mine"


def test_a_template_is_rendered_on_the_way(sh: StepShell) -> None:
    sh.converge(Template("~/x", "{% for n in names %}{{ n }};{% endfor %}\n", {"names": [1, 2]}))
    assert (sh.home / "x").read_text() == "1;2;\n"


def test_a_batch_sees_what_each_probe_would(sh: StepShell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / ODD).write_text("y")
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    names = ["link", "absent", ODD, "directory", "dangling", "file"]
    for kind in (File, Directory):
        steps: list[Step] = [kind(str(tmp_path / name)) for name in names]
        assert sh.states(steps) == [sh.state(step) for step in steps]
    links: list[Step] = [Link(str(tmp_path / name), "x") for name in names]
    assert sh.states(links) == [sh.state(step) for step in links]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20)
        .filter(lambda name: name not in {".", ".."})
        .filter(lambda name: len(name.encode()) < 200),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_files_of_any_names_are_told_apart(
    sh: StepShell, tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    place = tmp_path_factory.mktemp("names")
    steps = [File(str(place / name), name, owner=USER) for name in names]
    changes = [
        step.plan(state, sh.facts) for step, state in zip(steps, sh.states(steps), strict=True)
    ]
    for change in changes:
        assert change is not None
        assert sh.apply(change.script) == (0, "")
    assert [s.plan(state, sh.facts) for s, state in zip(steps, sh.states(steps), strict=True)] == [
        None
    ] * len(steps)


def test_a_directory_is_made_with_its_mode(sh: StepShell) -> None:
    sh.converge(Directory("~/a/b", mode="0700"))
    assert (sh.home / "a/b").stat().st_mode & 0o7777 == 0o700


def test_a_link_to_a_directory_is_a_directory(sh: StepShell) -> None:
    (sh.home / "real").mkdir(mode=0o755)
    (sh.home / "x").symlink_to("real")
    assert Directory("~/x").plan(sh.state(Directory("~/x")), sh.facts) is None


@pytest.mark.parametrize("target", ["/opt/x y", "~/y", "rel/../x", "a\nb"])
def test_a_link_is_turned_to_its_target(sh: StepShell, target: str) -> None:
    (sh.home / "x").symlink_to(sh.home)
    sh.converge(Link("~/x", target))
    assert (sh.home / "x").is_symlink()


def test_a_block_is_appended_and_later_replaced_without_touching_the_rest(sh: StepShell) -> None:
    path = sh.home / ".bashrc"
    path.write_text("before\\n %s\nlast line without newline")
    path.chmod(0o600)
    sh.converge(Block("~/.bashrc", "A=1\nB='\\n'"))
    path.write_text(path.read_text() + "after\n")
    sh.converge(Block("~/.bashrc", "A=2 & \\1\n"))
    assert path.read_text() == (
        "before\\n %s\nlast line without newline\n"
        "# >>> nopal: nopal >>>\nA=2 & \\1\n# <<< nopal: nopal <<<\nafter\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_block_goes_first_where_asked_and_keeps_a_link_a_link(sh: StepShell) -> None:
    (sh.home / "dotfiles").mkdir()
    (sh.home / "dotfiles/rc").write_text("mine\n")
    (sh.home / "rc").symlink_to("dotfiles/rc")
    sh.converge(Block("~/rc", "x", top=True, marker="m", comment="<!-- {} -->"))
    assert (sh.home / "rc").is_symlink()
    assert (sh.home / "dotfiles/rc").read_text() == (
        "<!-- >>> nopal: m >>> -->\nx\n<!-- <<< nopal: m <<< -->\nmine\n"
    )


def test_a_missing_file_is_made_for_a_block(sh: StepShell) -> None:
    sh.converge(Block("~/.config/x/rc", "x", mode="0600"))
    assert (sh.home / ".config/x/rc").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["# >>> nopal: nopal >>>\nx\n", "# <<< nopal: nopal <<<\n", ("# >>> nopal: nopal >>>\n" * 2)],
    ids=["unclosed", "unopened", "doubled"],
)
def test_damaged_markers_are_seen(sh: StepShell, text: str) -> None:
    (sh.home / "rc").write_text(text)
    change = Block("~/rc", "x").plan(sh.state(Block("~/rc", "x")), sh.facts)
    assert change is not None
    assert change.script == ""


def test_a_line_takes_the_place_of_the_first_that_matches(sh: StepShell) -> None:
    (sh.home / "x").write_text("a\n#Port 22\nb\nPort 1\nPort 2")
    sh.converge(Line("~/x", "Port 2222", match="^#?Port "))
    assert (sh.home / "x").read_text() == "a\nPort 2222\nb\n"


def test_a_line_is_appended_where_none_matches(sh: StepShell) -> None:
    (sh.home / "x").write_text("a")
    sh.converge(Line("~/x", "C:\\n %s"))
    assert (sh.home / "x").read_text() == "a\nC:\\n %s\n"


def test_json_is_merged_into_what_is_there(sh: StepShell) -> None:
    path = sh.home / "s.json"
    path.write_text('{"z": "\\u001e é", "p": {"allow": ["a"]}}')
    path.chmod(0o644)
    sh.converge(JsonMerge("~/s.json", {"p": {"allow": Union(["b"])}, "n": None}))
    wanted = {"z": "\x1e é", "p": {"allow": ["a", "b"]}, "n": None}
    assert path.read_text() == json.dumps(wanted, indent=2, ensure_ascii=False) + "\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_json_that_another_program_changed_meanwhile_is_left_alone(sh: StepShell) -> None:
    path = sh.home / "s.json"
    path.write_text("{}")
    step = JsonMerge("~/s.json", {"a": 1})
    change = step.plan(sh.state(step), sh.facts)
    assert change is not None
    path.write_text('{"b": 2}')
    status, output = sh.apply(change.script)
    assert (status, path.read_text()) == (1, '{"b": 2}')
    assert "was changed by another program" in output


def test_several_merges_into_one_file_are_applied_together(sh: StepShell) -> None:
    steps = [JsonMerge("~/s.json", {"p": {key: True}}) for key in ("/a b", "/c'd")]
    changes = [step.plan(sh.state(step), sh.facts) for step in steps]
    merged = JsonMerge.merge(steps, [change for change in changes if change])
    assert merged is not None
    assert sh.apply(merged.script) == (0, "")
    assert json.loads((sh.home / "s.json").read_text()) == {"p": {"/a b": True, "/c'd": True}}


@pytest.mark.parametrize(
    "value",
    ["A; B # C", 'q"q', "Zoë\n x", "  x ", "", "-x", "--add", "a\\b", ("a", "-b", "a"), ()],
    ids=str,
)
def test_a_git_setting_of_any_characters_reads_back(
    sh: StepShell, value: str | tuple[str, ...]
) -> None:
    before = GitConfig("user.Sub.SECTION.name", "old", path="~/g x")
    sh.converge(before)
    step = GitConfig(before.key, value, path="~/g x")
    sh.converge(step)
    listed = git("config", "-f", str(sh.home / "g x"), "-z", "-l", cwd=sh.home).split("\0")[:-1]
    values = (value,) if isinstance(value, str) else value
    assert [entry.partition("\n")[2] for entry in listed] == list(values)


def test_blocks_are_read_in_one_batch_as_each_by_itself(sh: StepShell, tmp_path: Path) -> None:
    odd = tmp_path / ODD
    texts = {
        odd: "before\n# >>> nopal: one >>>\n3 there\n\n|x\\y\r\n# <<< nopal: one <<<\r\nafter",
        tmp_path / "two": "# >>> nopal: one >>>\na\n# <<< nopal: one <<<\n"
        "# >>> nopal: two >>>\nb\n# <<< nopal: two <<<\n",
        tmp_path / "empty": "",
        tmp_path / "cut": "# >>> nopal: one >>>\na\n",
        tmp_path / "twice": "# >>> nopal: one >>>\n# <<< nopal: one <<<\n" * 2,
    }
    for path, text in texts.items():
        path.write_bytes(text.encode())
    paths = [*texts, tmp_path / "absent", tmp_path]
    steps = [Block(str(path), "x\n", marker=marker) for path in paths for marker in ("one", "two")]
    states = sh.states(steps)
    assert states == [sh.state(step) for step in steps]
    seen = dict(zip((step.name for step in steps), states, strict=True))
    assert seen[f"{odd}#one"] == "|3 there\n|\n||x\\y\r\nthere"
    assert seen[f"{tmp_path}/two#two"] == "|b\nthere"
    assert seen[f"{tmp_path}/cut#one"].endswith("damaged")
    assert seen[f"{tmp_path}/empty#one"] == seen[f"{tmp_path}#one"] == "none"


def test_settings_of_several_files_are_read_in_one_batch(sh: StepShell) -> None:
    (sh.home / "broken").write_text("[")
    sh.converge(GitConfig("a.b", "1"))
    steps = [
        GitConfig("a.b", "1"),
        GitConfig("a.b", "1", path="~/absent"),
        GitConfig("a.b", "1", path="~/broken"),
    ]
    changes = [s.plan(state, sh.facts) for s, state in zip(steps, sh.states(steps), strict=True)]
    assert [change and bool(change.script) for change in changes] == [None, True, False]


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    for name in ("lib", "blog"):
        (tmp_path / name).mkdir()
        git("init", "-q", "-b", "main", cwd=tmp_path / name)
        (tmp_path / name / "README").write_text(name)
        git("add", ".", cwd=tmp_path / name)
        git("commit", "-q", "-m", "x", cwd=tmp_path / name)
    git("submodule", "--quiet", "add", f"file://{tmp_path}/lib", "lib", cwd=tmp_path / "blog")
    git("commit", "-q", "-m", "lib", cwd=tmp_path / "blog")
    git("branch", "it's", cwd=tmp_path / "blog")
    return tmp_path / "blog"


def test_a_clone_has_its_branch_and_submodules_and_nothing_beside_it(
    sh: StepShell, origin: Path
) -> None:
    left = sh.home / "code/.my blog.nopal-clone"
    left.mkdir(parents=True)
    step = GitClone(f"file://{origin}", "~/code/my blog", branch="it's", protocols=("file",))
    sh.converge(step)
    clone = sh.home / "code/my blog"
    assert (clone / "lib/README").read_text() == "lib"
    assert git("branch", "--show-current", cwd=clone).strip() == "it's"
    assert git("status", "--porcelain", cwd=clone) == ""
    assert [each.name for each in clone.parent.iterdir()] == ["my blog"]


def test_a_clone_that_fails_leaves_nothing(sh: StepShell) -> None:
    step = GitClone("file:///nowhere", "~/code/x", protocols=("file",))
    change = step.plan(sh.state(step), sh.facts)
    assert change is not None
    status, _ = sh.apply(change.script)
    assert status != 0
    assert list((sh.home / "code").iterdir()) == []


@pytest.mark.parametrize("url", ["ext::sh -c 'touch HERE'".replace(" ", "%20"), "ext::touch"])
def test_a_url_never_runs_a_command(sh: StepShell, url: str) -> None:
    step = GitClone(url, "~/code/x")
    change = step.plan("", sh.facts)
    assert change is not None
    status, output = sh.apply(change.script)
    assert status != 0
    assert "not allowed" in output


def test_a_folder_that_is_no_clone_is_never_touched(sh: StepShell, origin: Path) -> None:
    (sh.home / "empty").mkdir()
    sh.converge(GitClone(f"file://{origin}", "~/empty", protocols=("file",)))
    (sh.home / "full").mkdir()
    (sh.home / "full/x").touch()
    (sh.home / "file").touch()
    for to in ("~/full", "~/file"):
        assert sh.state(GitClone("https://x/y", to)) == "other"


def tarball(place: Path) -> tuple[str, str]:
    """Make an archive; return its SHA-256 and SHA-512."""
    (place / "node/bin").mkdir(parents=True)
    (place / "node/bin/node").write_text("#!/bin/sh\n")
    with tarfile.open(place / "node.tar.xz", "w:xz") as archive:
        archive.add(place / "node", "node-v24")
    data = (place / "node.tar.xz").read_bytes()
    return hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest()


def serve(sh: StepShell, file: Path) -> None:
    sh.stand_in(
        "curl",
        'while [ $# -gt 0 ]; do [ "$1" = --output ] && to=$2; shift; done\n'
        f'exec cp -- "{file}" "$to"',
    )


def test_an_archive_is_unpacked_and_replaced_as_a_whole(sh: StepShell, tmp_path: Path) -> None:
    sha256, sha512 = tarball(tmp_path)
    serve(sh, tmp_path / "node.tar.xz")
    sh.converge(Archive("https://x/n.tar.xz", sha256=sha256, to="~/opt/node x"))
    (sh.home / "opt/node x/stale").touch()
    sh.converge(Archive("https://x/n.tar.xz", sha512=sha512, to="~/opt/node x", strip=0))
    names = {each.name for each in (sh.home / "opt/node x").iterdir()}
    assert names == {".nopal-archive", "node-v24"}
    assert [each.name for each in (sh.home / "opt").iterdir()] == ["node x"]


def test_a_zip_is_unpacked_too(sh: StepShell, tmp_path: Path) -> None:
    tarball(tmp_path)
    data = shutil.make_archive(str(tmp_path / "node"), "zip", tmp_path, "node")
    serve(sh, Path(data))
    digest = hashlib.sha256(Path(data).read_bytes()).hexdigest()
    sh.converge(Archive("https://x/n.zip", sha256=digest, to="~/node"))
    assert (sh.home / "node/bin/node").is_file()


def test_an_archive_with_a_wrong_checksum_is_not_unpacked(sh: StepShell, tmp_path: Path) -> None:
    sha256, _ = tarball(tmp_path)
    serve(sh, tmp_path / "node.tar.xz")
    step = Archive("https://x/n.tar.xz", sha256="0" * 64, to="~/opt/node")
    change = step.plan(sh.state(step), sh.facts)
    assert change is not None
    status, output = sh.apply(change.script)
    assert status == 1
    assert f"found {sha256}" in output
    assert list((sh.home / "opt").iterdir()) == []


def test_an_archive_never_takes_the_place_of_something_else(sh: StepShell) -> None:
    (sh.home / "opt").mkdir()
    step = Archive("https://x/n.tar.xz", sha256="0" * 64, to="~/opt")
    assert sh.state(step) == ""
    (sh.home / "opt/mine").touch()
    assert sh.state(step) == "other"


FAKE_NPM = """
prefix=; for word do case $word in --prefix=*) prefix=${word#--prefix=} ;; esac; done
while [ "$1" != -- ]; do shift; done; shift
for spec do case $spec in bad*) echo "no $spec"; exit 1 ;; esac; done
for spec do
name=${spec%@*}; mkdir -p "$prefix/lib/node_modules/$name"
printf '{\\n  "name": "%s",\\n  "version": "%s"\\n}\\n' "$name" "${spec##*@}" \
>"$prefix/lib/node_modules/$name/package.json"
done"""


def test_npm_packages_are_installed_together_and_the_guilty_one_is_named(sh: StepShell) -> None:
    sh.stand_in("npm", FAKE_NPM)
    prefix = str(sh.home / "pre fix")
    steps = [Npm(n, "1.2.3", prefix=prefix) for n in ("@a/b", "bad", "c")]
    changes = [s.plan(state, sh.facts) for s, state in zip(steps, sh.states(steps), strict=True)]
    merged = Npm.merge(steps, [change for change in changes if change])
    assert merged is not None
    status, output = sh.apply(merged.script)
    assert status == 1
    assert output.endswith("could not be installed: bad@1.2.3\n")
    assert sh.states(steps) == ["1.2.3", "", "1.2.3"]
    assert [sh.state(step) for step in steps] == sh.states(steps)


FAKE_APT = """
echo "apt-get $*" >>"$HOME/calls"
case " $* " in *" bad "*) echo "E: Unable to locate package bad"; exit 100 ;; esac"""


def test_packages_are_installed_together_and_the_guilty_one_is_named(sh: StepShell) -> None:
    sh.stand_in("apt-get", FAKE_APT)
    sh.stand_in("dpkg", "exit 0")
    sh.stand_in("find", "echo fresh")
    steps = [Apt("good"), Apt("bad"), Apt("fine")]
    changes = [step.plan("", sh.facts) for step in steps]
    merged = Apt.merge(steps, [change for change in changes if change])
    status, output = sh.apply(merged.script)
    assert status == 1
    assert output.endswith("could not be installed: bad\n")
    calls = (sh.home / "calls").read_text().splitlines()
    assert [call.split()[-1] for call in calls if " install " in call][-3:] == [
        "good",
        "bad",
        "fine",
    ]


def repository(fingerprint: str) -> AptRepository:
    return AptRepository(
        "tool",
        uris=("https://x/debian",),
        key_url="https://x/key",
        key_fingerprints=(fingerprint,),
    )


def add_repository(sh: StepShell, step: AptRepository, key: Path, update: str) -> tuple[int, str]:
    """Apply `step` in a tree of the test's own; `key` is what the web has."""
    serve(sh, key)
    sh.stand_in("apt-get", update)
    change = step.plan("", sh.facts)
    assert change is not None
    script = change.script.replace("/etc/apt", f"{sh.home}/etc")
    return sh.apply(script.replace("chown root:", f"chown {USER}:"))


@pytest.fixture
def apt_key(tmp_path: Path) -> tuple[Path, str]:
    if shutil.which("gpg") is None:
        pytest.skip("no gpg on this host")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", ""]
    subprocess.run(
        [*gpg, "--quick-gen-key", "x", "ed25519", "sign"], check=True, capture_output=True
    )
    armored = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True).stdout
    shown = subprocess.run(
        [*gpg, "--with-colons", "-k"], check=True, capture_output=True, text=True
    )
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    (tmp_path / "key.asc").write_bytes(armored)
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("fpr:")]
    return tmp_path / "key.asc", line.split(":")[9]


def test_a_repository_is_added_with_its_key(sh: StepShell, apt_key: tuple[Path, str]) -> None:
    key, fingerprint = apt_key
    status, output = add_repository(sh, repository(fingerprint), key, "exit 0")
    assert status == 0, output
    assert "URIs: https://x/debian" in (sh.home / "etc/sources.list.d/tool.sources").read_text()
    assert not (sh.home / "etc/keyrings/tool.gpg").read_bytes().startswith(b"-----BEGIN")


def test_a_repository_with_another_key_is_not_added(
    sh: StepShell, apt_key: tuple[Path, str]
) -> None:
    key, fingerprint = apt_key
    status, output = add_repository(sh, repository("0" * 40), key, "exit 0")
    assert status == 1
    assert f"the key {fingerprint} is unknown for tool" in output
    assert not (sh.home / "etc").exists()


def test_a_repository_that_cannot_be_read_is_taken_out_again(
    sh: StepShell, apt_key: tuple[Path, str]
) -> None:
    key, fingerprint = apt_key
    update = "echo 'E: Failed to fetch https://x/debian'"
    status, output = add_repository(sh, repository(fingerprint), key, update)
    assert status == 1
    assert output.endswith("cannot read the repository tool: taken out\n")
    assert [each for each in (sh.home / "etc").rglob("*") if each.is_file()] == []


def test_package_lists_are_updated_only_when_there_is_a_reason(sh: StepShell) -> None:
    sh.stand_in("apt-get", 'for word do echo "$word"; done >>"$HOME/calls"')
    lists, sources = sh.home / "lib/apt/lists", sh.home / "etc/sources.list.d"
    lists.mkdir(parents=True)
    sources.mkdir(parents=True)
    change = Apt("tool").plan("", sh.facts)
    assert change is not None
    script = change.script.replace("/etc/apt", f"{sh.home}/etc")

    def commands() -> list[str]:
        (sh.home / "calls").write_text("")
        status, output = sh.apply(script)
        assert status == 0, output
        words = (sh.home / "calls").read_text().splitlines()
        return [word for word in words if word in {"update", "install"}]

    assert commands() == ["update", "install"]
    assert commands() == ["update", "install"], "there are no lists"
    (lists / "x_InRelease").touch()
    assert commands() == ["install"]
    (sources / "new.sources").touch()
    assert commands() == ["update", "install"]
    stamp = sh.home / "lib/nopal/apt-lists"
    os.utime(stamp, (0, 0))
    assert commands() == ["update", "install"]


def real_update(sh: StepShell) -> Path:
    """Let the real apt update, knowing of no repository; return where it keeps its lists."""
    apt = shutil.which("apt-get")
    if apt is None:
        pytest.skip("no apt on this host")
    options = f"-o Dir::State={sh.home}/lib/apt -o Dir::Cache={sh.home}/cache"
    none = "-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=-"
    sh.stand_in(
        "apt-get", f'case $1 in update) shift; exec {apt} update {options} {none} "$@" ;; esac'
    )
    (sh.home / "cache").mkdir()
    return sh.home / "lib/apt/lists"


def test_the_lock_of_the_package_lists_is_waited_for_while_another_has_it(sh: StepShell) -> None:
    lists = real_update(sh)
    lists.mkdir(parents=True)
    waits, goes_on = sh.home / "waits", sh.home / "goes_on"
    os.mkfifo(goes_on)
    sh.stand_in("sleep", f"touch {waits}; cat {goes_on}")
    change = Apt("tool").plan("", sh.facts)
    assert change is not None
    with (lists / "lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)

        def end() -> None:
            with goes_on.open("w"):
                fcntl.lockf(lock, fcntl.LOCK_UN)

        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        status, output = sh.apply(change.script)
        ending.join()
    assert (status, waits.exists()) == (0, True), output
    assert output.count("another program reads the package lists; waiting (try 1 of 12)") == 1


def test_what_else_keeps_the_package_lists_from_being_read_is_told_at_once(sh: StepShell) -> None:
    lists = real_update(sh)
    lists.parent.mkdir(parents=True)
    lists.touch()
    sh.stand_in("sleep", "echo slept")
    change = Apt("tool").plan("", sh.facts)
    assert change is not None
    _status, output = sh.apply(change.script)
    assert re.search("^E: .*lists.*Not a directory", output, re.MULTILINE), output
    assert "another program" not in output
    assert "slept" not in output


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="no dpkg on this host")
def test_installed_packages_are_told_from_others(sh: StepShell) -> None:
    steps = [Apt("nosuch-package"), Apt("dpkg"), Apt("coreutils")]
    states = sh.states(steps)
    assert states[0] == ""
    assert all(states[1:])
    assert states == [sh.state(step) for step in steps]


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg on this host")
@settings(max_examples=60, deadline=None)
@given(
    versions=st.lists(
        st.from_regex(r"\A([0-9]:)?[0-9][0-9a-c.+~]{0,5}(-[0-9a-c+~]{1,3})?\Z"),
        min_size=2,
        max_size=2,
    )
)
def test_versions_are_ordered_as_dpkg_orders_them(versions: list[str]) -> None:
    done = subprocess.run(
        ["dpkg", "--compare-versions", versions[0], "ge", versions[1]], check=False
    )
    assert is_at_least(*versions) == (done.returncode == 0)


def test_users_and_groups_are_looked_up_together(sh: StepShell) -> None:
    users = [User("nosuch"), User("root"), User("nobody")]
    assert [state.partition(":")[0] for state in sh.states(users)] == ["", "root", "nobody"]
    assert sh.states(users) == [sh.state(user) for user in users]
    groups = [Member("root", "nosuch"), Member("root", "root")]
    assert [state.partition(":")[0] for state in sh.states(groups)] == ["", "root"]


def test_a_user_is_made_by_the_tools_of_the_system(sh: StepShell) -> None:
    for tool in ("useradd", "usermod"):
        sh.stand_in(tool, f'echo {tool} "$@"')
    for step, said in (
        (User("eve", shell="/bin/sh"), "useradd --create-home --shell /bin/sh -- eve\n"),
        (Member("root", "nogroup"), "usermod --append --groups nogroup -- root\n"),
    ):
        change = step.plan(sh.state(step), sh.facts)
        assert change is not None
        assert sh.apply(change.script) == (0, said)


def test_services_are_asked_for_together_and_a_failed_start_shows_the_journal(
    sh: StepShell,
) -> None:
    block = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
    off = block.replace("=active", "=inactive")
    sh.stand_in("systemctl", f"[ $1 = show ] || exit 1\ncat <<'end'\n{block}\n{off}end")
    sh.stand_in("journalctl", "echo the reason")
    services = [Service("on"), Service("off")]
    states = sh.states(services)
    assert services[0].plan(states[0], sh.facts) is None
    change = services[1].plan(states[1], sh.facts)
    assert change is not None
    assert sh.apply(change.script) == (1, "the reason\n")


def test_units_are_written_and_read_by_systemd_once(sh: StepShell) -> None:
    sh.stand_in("systemctl", 'echo "$@" >>"$HOME/calls"')
    units = [Unit("a.service", "A\n"), Unit("b.service.d/nopal.conf", "B\n")]
    changes = [unit.plan("-", sh.facts) for unit in units]
    merged = Unit.merge(units, [change for change in changes if change])
    assert merged is not None
    script = merged.script.replace("/etc/systemd/system", f"{sh.home}/units")
    assert sh.apply(script.replace("chown root:", f"chown {USER}:")) == (0, "")
    assert (sh.home / "units/b.service.d/nopal.conf").read_text() == "B\n"
    assert (sh.home / "calls").read_text() == "daemon-reload\n"


def test_a_kernel_setting_is_read_where_it_is(sh: StepShell) -> None:
    assert sh.state(Sysctl("kernel.ostype", "Linux")).split("\n")[0] == "Linux"
    assert sh.state(Sysctl("kernel.nosuch", "1")) == ""


def test_a_command_runs_until_its_guard_holds(sh: StepShell) -> None:
    sh.converge(Command("touch ~/x", creates="~/x"))
    sh.converge(Command("touch y  # here", unless='cd; [ -e y ] || exit 3 # "'))


@pytest.mark.parametrize(
    ("script", "summary"),
    [
        ("echo one; echo two >&2", None),
        ("false; echo one two", "false; echo one two: exit status 1: no output"),
        ("echo one\nexit 7 # why", "echo one: exit status 7: one"),
    ],
    ids=["good", "set -e counts", "exit"],
)
def test_a_check_sees_output_and_status(sh: StepShell, script: str, summary: str | None) -> None:
    step = Check(script, matches="^two$" if summary is None else "")
    change = step.plan(sh.state(step), sh.facts)
    assert (change and change.summary) == summary


def test_the_next_alternative_is_used_aloud_when_one_fails(sh: StepShell) -> None:
    bad = Command("echo 'host is away'; false; touch ~/bad", creates="~/bad", name="upstream")
    step = FirstOf("gh", (bad, File("~/never", "")), File("~/x", "1"))
    output = sh.converge(step)
    assert "host is away\ngh: upstream, ~/never could not be used (exit 1): trying ~/x\n" in output
    assert not (sh.home / "never").exists()


def test_alternatives_that_all_fail_give_all_reasons(sh: StepShell) -> None:
    steps = [Command(f"echo reason {n}; exit {n}", creates="~/x", name=f"way{n}") for n in (3, 4)]
    step = FirstOf("it's", *steps)
    change = step.plan(sh.state(step), sh.facts)
    assert change is not None
    status, output = sh.apply(change.script)
    assert status == 1
    assert output.endswith(
        "it's: no way is left. The reasons:\n- way3: reason 3\n- way4: reason 4\n"
    )


def test_a_check_in_an_alternative_is_tried_after_what_stands_before_it(sh: StepShell) -> None:
    good = (Command("touch ~/x", creates="~/x"), Check("test -e ~/x"))
    sh.converge(FirstOf("x", good))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can step down to another user")
def test_root_steps_down_for_the_login_users_part_of_an_alternative(sh: StepShell) -> None:
    as_sudo = StepShell(sh.program, sh.home, {"SUDO_USER": "nobody"})
    root = Command("false", creates="/nowhere", name="r")
    seen = FirstOf("x", root, Check("id -un; echo $HOME", matches=r"^nobody\n/nonexistent$"))
    assert seen.plan(as_sudo.state(seen), sh.facts) is None
    assert seen.plan(sh.state(seen), sh.facts) is not None


def test_an_alternative_of_the_login_user_runs_with_that_users_home(sh: StepShell) -> None:
    # Where root is who logged in there is nobody to step down to.
    step = FirstOf("x", Command("exit 1", creates="/nowhere", name="r"), File("~/x y", "1\n"))
    sh.converge(step)
    assert (sh.home / "x y").read_text() == "1\n"
