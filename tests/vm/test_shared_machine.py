"""One machine for a folder of code: what is shared with it, and what is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from person import CHECKOUT, INV, Person, Typed, processes_about

from nopal.paths import Paths

pytestmark = pytest.mark.timeout(3600)

NAME = "dev"
ODD = "naïve 日本 it's"
# Those of the main job, whose golden this machine begins from too.
PROFILES = ["docker", "node", "claude", "codex", "gh", "git"]
# What a guest whose root is hostile does: before it mounts the folder as asked, it asks for more.
HOSTILE_SSHFS = r"""#!/usr/bin/python3
import os, struct, sys

def ask(kind, *fields):
    body = bytes([kind]) + b"".join(fields)
    os.write(1, struct.pack(">I", len(body)) + body)
    length = struct.unpack(">I", os.read(0, 4))[0]
    answer = b""
    while len(answer) < length:
        answer += os.read(0, length - len(answer))
    return answer

def text(value):
    return struct.pack(">I", len(value)) + value

if "slave" in sys.argv:
    ask(1, struct.pack(">I", 3))
    got = []
    for path in (b"@SECRET@", b"@CODE@/../secret", b"@CODE@/out/secret", b"/etc/hostname"):
        got.append(ask(3, struct.pack(">I", 1), text(path), struct.pack(">II", 1, 0))[0])
        got.append(ask(13, struct.pack(">I", 1), text(path))[0])
    got.append(ask(4, struct.pack(">I", 1), text(b"none"))[0])
    with open("/var/tmp/answers", "w") as file:
        file.write(" ".join(map(str, got)))
os.execv("/usr/bin/sshfs.real", ["sshfs", *sys.argv[1:]])
"""


@dataclass(frozen=True)
class Desk:
    """A person who stands in a mounted folder."""

    person: Person
    code: Path

    @property
    def skills(self) -> Path:
        return self.code.with_name("skills")

    @property
    def kept(self) -> Path:
        return self.code.with_name("kept")

    def run(self, command: str, folder: str = "alpha", status: int | None = 0) -> Typed:
        """Type `inv run` in a folder of the code; no project is named."""
        words = [str(INV), "--search-root", str(CHECKOUT), "run", command]
        return self.person.run(words, cwd=self.code / folder, status=status)

    def type(self, *words: str, folder: str = "alpha") -> str:
        """Type `inv …` there."""
        argv = [str(INV), "--search-root", str(CHECKOUT), *words]
        return self.person.run(argv, cwd=self.code / folder).out


@pytest.fixture(scope="module")
def desk(place: Path) -> Iterator[Desk]:
    """Two repos in a folder that is mounted, one in another, and the first `up`."""
    person = Person(place / "pat")
    desk = Desk(person, person.home / "code")
    for repo in (desk.code / "alpha", desk.code / "beta", desk.kept / "gamma"):
        repo.mkdir(parents=True)
        person.git("init", "-q", cwd=repo)
        (repo / "file").write_text("one\n")
    (desk.code / "alpha" / ODD).mkdir()
    desk.skills.mkdir()
    (desk.skills / "skill").write_text("a skill\n")
    (person.home / "secret").write_text("a key\n")
    if os.geteuid() == 0:
        # Root's machines are run by another user, whose the folders must be.
        for folder in (desk.code, desk.skills, desk.kept):
            subprocess.run(["chown", "-R", "nopal:", str(folder)], check=True)
    person.projects_file.parent.mkdir(parents=True)
    person.projects_file.write_text(
        f"""
[projects.{NAME}]
mode = "shared"
mounts = ["~/code:rw", "~/skills:ro", "~/kept:rw,git-ro"]
cpus = 2
memory = "4GiB"
disk = "16GiB"
ports = "none"
watch = "poll"
profiles = {json.dumps(PROFILES)}

[projects.{NAME}.git]
name = "Pat"
email = "pat@example.com"
"""
    )
    try:
        person.inv("up", "--yes", "-p", NAME)
        yield desk
    finally:
        person.inv("destroy", "--yes", "-p", NAME, status=None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def states(desk: Desk, folder: str) -> dict[str, str]:
    """Return how folders of the machine's own are, by their names."""
    rows = json.loads(desk.type("nmstatus", "--json", folder=folder))
    return {Path(row["folder"]).name: row["state"] for row in rows}


def hears(desk: Desk, text: str) -> None:
    """Let a program in the machine watch a file, and write `text` to it here."""
    heard = "/dev/shm/heard"
    script = (
        "const say = word => () => console.log(word);"
        'require("chokidar").watch("file").on("ready", say("ready")).on("change", say("changed"))'
    )
    wait = f"timeout 120 sh -c 'until grep -q %s {heard}; do sleep 1; done'"
    told = desk.run(f"timeout 600 node -e '{script}' > {heard} 2>&1 & {wait % 'ready'}; echo $!")
    (desk.code / "alpha" / "file").write_text(f"{text}\n")
    desk.run(f"{wait % 'changed'} && kill {int(told.out)}")


def test_edits_are_seen_both_ways_and_what_is_made_is_the_persons(desk: Desk) -> None:
    alpha = desk.code / "alpha"
    desk.run("cat file; echo two > file; echo new > made; mkdir d; ln -s ../file d/up")
    assert (alpha / "file").read_text() == "two\n"
    for name in ("made", "d"):
        assert (alpha / name).stat().st_uid == desk.code.stat().st_uid
    (alpha / "file").write_text("from here, and longer\n")
    told = desk.run("cat file d/up; stat -c %U file; git status --short; cd ../beta; git status")
    assert told.out.startswith("from here, and longer\n" * 2 + "dev\n")
    assert "dubious" not in told.err


def test_a_commit_is_made_inside_and_is_there_outside(desk: Desk) -> None:
    desk.run("git add file && git commit -qm inside && git log -1 --format=%an", "beta")
    safe = ("-c", f"safe.directory={desk.code}/beta")
    assert desk.person.git(*safe, "log", "-1", "--format=%an %s", cwd=desk.code / "beta") == (
        "Pat inside"
    )


def test_a_read_only_folder_is_so_for_root_too(desk: Desk) -> None:
    skill = desk.skills / "skill"
    command = f"echo x > {skill}; mount -o remount,rw {desk.skills}; echo x > {skill}; rm {skill}"
    told = desk.run(f"cat {skill}; sudo sh -c '{command}'; true")
    assert told.out == "a skill\n"
    assert skill.read_text() == "a skill\n"


def test_nothing_beside_the_mounts_is_there(desk: Desk) -> None:
    home = desk.person.home
    told = desk.run(f"ls -A {home}; sudo sh -c 'echo x > {home}/more'; cat {home}/secret; true")
    assert told.out.split() == ["code", "kept", "skills"]
    assert not (home / "more").exists()


def test_a_link_leads_nowhere_outside(desk: Desk) -> None:
    secret = desk.person.home / "secret"
    told = desk.run(f"ln -s {desk.person.home} ../out; cat ../out/secret; ls ../out; true")
    assert "No such file" in told.err
    assert "secret" not in told.out.split()
    desk.run(f"sudo sh -c 'echo x > ../out/secret'; ln -s {secret} ../to; echo x > ../to; true")
    assert secret.read_text() == "a key\n"


def test_git_keeps_its_hooks_where_that_was_asked(desk: Desk) -> None:
    gamma = desk.kept / "gamma"
    config = (gamma / ".git/config").read_text()
    script = (
        "echo x > .git/hooks/pre-commit; echo x >> .git/config; git config core.hooksPath /tmp;"
        " mv .git/hooks .git/h; mv .git g; ln .git/config c; mkdir -p sub/.git; git init -q new"
    )
    told = desk.run(f"cd {gamma}; sudo sh -c '{script}'; ({script}); true")
    assert "ermi" in told.err  # Permission denied, Operation not permitted
    assert (gamma / ".git/config").read_text() == config
    assert names(gamma) == [".git", "file", "new", "sub"]
    assert not [path for path in (gamma / "sub", gamma / "new") if (path / ".git").exists()]
    assert not (gamma / ".git/hooks/pre-commit").exists()
    desk.run(f"cd {gamma}; git add file; git commit -qm one; git branch x; git gc -q")
    safe = ("-c", f"safe.directory={gamma}")
    assert desk.person.git(*safe, "log", "--format=%s", cwd=gamma) == "one"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_function_starts_where_one_stands(desk: Desk, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this host")
    programs = desk.person.home / "bin"
    programs.mkdir(exist_ok=True)
    nopal = programs / "nopal"
    nopal.write_text(f'#!/bin/sh\nexec {INV} --search-root {CHECKOUT} "$@"\n')
    nopal.chmod(0o755)
    function = programs / f"nm.{shell}"
    function.write_text(desk.type("shellenv", shell))
    told = desk.person.run(
        [program, "-c", f". {function}; nm sh -c 'pwd; printf \"<%s>\" \"$@\"' - 'a  b' '*'"],
        cwd=desk.code / "alpha" / ODD,
        PATH=f"{programs}:{os.environ['PATH']}",
    )
    assert told.out == f"{desk.code}/alpha/{ODD}\n<a  b><*>"


def test_folders_of_the_machines_own_are_installed_into_inside(desk: Desk) -> None:
    alpha = desk.code / "alpha"
    desk.run(
        "npm init -y >/dev/null; mkdir -p node_modules/theirs; cargo=Cargo.lock; : > $cargo;"
        " : > package-lock.json"
    )
    assert "node_modules" in desk.type("nmlocal", "--auto")
    desk.run("rm package-lock.json; npm install --no-audit --no-fund semver@7.7.2 chokidar@4.0.3")
    use = "node_modules/.bin/semver 1.2.3; ls node_modules"
    told = desk.run(f"{use}; nmlocal 'a b' >/dev/null; echo x > 'a b/c'")
    assert told.out.split() == ["1.2.3", "chokidar", "readdirp", "semver"]
    assert names(alpha / "node_modules") == ["theirs"]


def test_a_watcher_that_looks_hears_of_a_change_that_is_made_here(desk: Desk) -> None:
    assert desk.run("echo $CHOKIDAR_USEPOLLING").out == "1\n"
    hears(desk, "looked for")


def test_doctor_finds_a_credential_that_has_appeared(desk: Desk) -> None:
    def said() -> tuple[bool, str]:
        told = desk.person.inv("doctor", "--json", "-p", NAME, status=None).out
        (check,) = (one for one in json.loads(told) if one["check"] == "credentials")
        return check["ok"], check["says"]

    assert said()[0]
    desk.run("ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519")
    is_well, says = said()
    assert not is_well
    assert ".ssh/id_ed25519" in says
    desk.run("rm ~/.ssh/id_ed25519*")


def test_a_machine_that_becomes_a_projects_keeps_its_disk_and_loses_the_folders(
    desk: Desk,
) -> None:
    desk.run("echo here > ~/of-its-own")
    before = names(desk.code / "alpha")
    told = desk.person.inv("convert", "--alone", "--yes", "-p", NAME)
    assert f"the machine loses {desk.skills}" in told.err
    desk.person.inv("up", "--restart", "-p", NAME)
    seen = f"cat ~/of-its-own; findmnt -n -t fuse.sshfs; ls -A {desk.code}; nmstatus"
    words = desk.person.inv("run", seen, "-p", NAME).out.split()
    assert words[:2] == ["here", "gone"]
    assert names(desk.code / "alpha") == before


def test_a_machine_that_becomes_a_folders_has_all_that_it_had(desk: Desk) -> None:
    # On the way, the guest tries what a hostile one would.
    hostile = HOSTILE_SSHFS.replace("@SECRET@", f"{desk.person.home}/secret")
    hostile = hostile.replace("@CODE@", str(desk.code))
    placed = (
        f"cat > hostile <<'END'\n{hostile}\nEND\n"
        "sudo mv /usr/bin/sshfs /usr/bin/sshfs.real; sudo install -m 755 hostile /usr/bin/sshfs"
    )
    desk.person.inv("run", placed, "-p", NAME)
    desk.person.inv("convert", f"--shared={desk.code}", "--yes", "-p", NAME)
    desk.person.inv("up", "--restart", "-p", NAME)
    told = desk.run("cat ~/of-its-own; node_modules/.bin/semver 1.2.3; cat 'a b/c'")
    assert told.out.split() == ["here", "1.2.3", "x"]
    assert states(desk, "alpha") == dict.fromkeys(("node_modules", "target", "a b"), "bound")


def test_a_watcher_that_is_told_hears_of_a_change_that_is_made_here(desk: Desk) -> None:
    assert desk.run("echo $CHOKIDAR_USEPOLLING").out == "\n"
    hears(desk, "told of")


def test_whatever_is_sent_to_the_server_of_a_folder_opens_nothing_else(desk: Desk) -> None:
    # Each answer is a status, and neither a handle nor data.
    assert desk.run("cat /var/tmp/answers").out.split() == ["101"] * 9
    assert (desk.person.home / "secret").read_text() == "a key\n"
    assert len(processes_about("server.pyz -e -d " + str(desk.person.home))) == 1


def test_folders_come_back_when_the_connection_that_carried_them_is_lost(desk: Desk) -> None:
    paths = Paths.from_environment(
        desk.person.environment(), is_root=os.geteuid() == 0, home=desk.person.home
    )
    title = f"^ssh: {paths.lima.instance(NAME)}/ssh.sock"
    subprocess.run(["pkill", "-KILL", "-f", title], check=True)
    told = desk.person.inv("up", "-p", NAME)
    assert "opened anew" in told.err
    assert desk.run("cat file; node_modules/.bin/semver 1.2.3").out.endswith("1.2.3\n")
    assert "not mounted" not in desk.person.inv("doctor", "-p", NAME, status=None).out


def test_a_moved_project_is_said_and_its_folder_taken_along(desk: Desk) -> None:
    alpha = desk.code / "alpha"
    alpha.rename(desk.code / "omega")
    assert set(states(desk, "omega").values()) == {"gone"}
    desk.type("nmlocal", "--moved-from", f"{alpha}/node_modules", folder="omega")
    assert desk.run("node_modules/.bin/semver 3.2.1", "omega").out == "3.2.1\n"
    taken = {"node_modules": "bound", "target": "gone", "a b": "gone"}
    assert states(desk, "omega") == taken
    assert not alpha.exists()
    desk.type("nmlocal", "--off", folder="omega")
    assert desk.run("ls node_modules", "omega").out.split() == ["theirs"]
