"""The main job on real input: one machine, made, used and destroyed as a person would."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import guard_fixtures
import pexpect
import pytest
from awkward import AWKWARD
from person import CHECKOUT, INV, Person, processes_about
from spy import spying

from guard.keys.client import BrokerClient
from guard.public_key import PublicKey
from nopal.paths import Paths

pytestmark = pytest.mark.timeout(3600)

NAME = "blog"
EMAIL = "ann@example.com"
PLANTED = "planted-secret-of-beta-4711"
FIRST_RUN_SCREENS = re.compile(
    r"Enter to confirm|enter continue|enter confirm|Press enter|Do you want|trust this folder|"
    r"needs? review|Choose the text style|Select login method",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Job:
    """What the test has set up around the machine."""

    person: Person
    key: PublicKey
    private_key: Path
    repos: Path
    foreign: guard_fixtures.Sshd
    up: str
    """What the first `inv up` told."""

    def run(self, command: str, status: int | None = 0) -> str:
        """Type `inv run` in the project's machine."""
        return self.person.inv("run", command, "-p", NAME, status=status).out.strip()

    @property
    def paths(self) -> Paths:
        environ = self.person.environment()
        is_root = os.geteuid() == 0
        return Paths.from_environment(environ, is_root=is_root, home=self.person.home)

    @property
    def lima_home(self) -> Path:
        return self.paths.lima.home

    @property
    def key_socket(self) -> Path:
        return BrokerClient(self.paths.keys, self.paths.key_sockets).socket(NAME)


@pytest.fixture(scope="module")
def job(place: Path) -> Iterator[Job]:
    """Two repos behind an sshd, an agent with the key to them and another, and the first `up`.

    Another sshd takes that key, too, and is none of the project's.
    """
    with ExitStack() as stack:
        keys = place / "keys"
        keys.mkdir(mode=0o700)
        key = guard_fixtures.make_key(keys, "work", comment="work@laptop")
        guard_fixtures.make_key(keys, "private", comment="private")
        agent = stack.enter_context(guard_fixtures.ssh_agent(keys / "work", keys / "private"))
        server = stack.enter_context(guard_fixtures.sshd(place / "forge", key))
        foreign = stack.enter_context(guard_fixtures.sshd(place / "foreign", key))
        for name in ("alpha", "beta"):
            guard_fixtures.make_repo(server.root / f"{name}.git")
        person = Person(place / "ann", {"SSH_AUTH_SOCK": str(agent)})
        url = server.url("").replace("127.0.0.1", "192.168.5.2")
        write_home(person, url, server.known_hosts_line() + foreign.known_hosts_line())
        told = person.inv("up", "--yes", f"--project={NAME}")
        yield Job(person, key, keys / "work", server.root, foreign, told.err)
        person.inv("destroy", "--yes", "-p", NAME, status=None)


def write_home(person: Person, url: str, known_hosts_line: str) -> None:
    (person.home / ".ssh").mkdir(parents=True, mode=0o700)
    (person.home / ".ssh/known_hosts").write_text(known_hosts_line)
    (person.home / ".gitconfig").write_text(
        f'[user]\n\tname = "Ann \\"é\\"; #1"\n\temail = {EMAIL}\n'
    )
    person.projects_file.parent.mkdir(parents=True)
    person.projects_file.write_text(
        f"""
[projects.{NAME}]
cpus = 2
memory = "4GiB"
disk = "16GiB"
ports = "none"
profiles = ["docker", "node", "claude", "codex", "gh", "git", "autostart"]
repos = ["{url}alpha.git", "{url}beta.git"]

[projects.{NAME}.secrets]
"*" = "command:cat secrets.json"

[projects.{NAME}.secrets.beta]
OF_BETA = "file://~/of-beta"
"""
    )
    (person.home / "secrets.json").write_text(json.dumps(AWKWARD))
    (person.home / "of-beta").write_text(f"{PLANTED}\n")


def test_up_tells_how_machines_run_and_what_it_did(job: Job) -> None:
    assert "blog: creating the machine" in job.up
    assert re.search(r"blog: up: \d+ steps: ", job.up)
    assert " failed" not in job.up


def test_both_repos_are_cloned_over_the_forwarded_agent(job: Job) -> None:
    assert job.run("ls ~/code").split() == ["alpha", "beta"]
    assert job.run("git -C ~/code/alpha log --oneline | wc -l") == "1"


def test_tools_answer_in_a_shell_that_is_not_interactive(job: Job) -> None:
    assert job.run("node --version").startswith("v24.")
    assert re.match(r"\d+\.\d+", job.run("npm --version"))
    assert re.match(r"\d+\.\d+\.\d+", job.run("claude --version"))
    assert "codex" in job.run("codex --version")
    assert job.run("gh --version").startswith("gh version ")


def test_docker_runs_a_container_for_the_login_user(job: Job) -> None:
    job.run("docker info >/dev/null")
    job.run(
        "tar -ch /bin/dash $(ldd /bin/dash | grep -o '/[^ ]*') 2>/dev/null"
        " | docker import - tiny >/dev/null"
    )
    assert job.run("docker run --rm tiny /bin/dash -c 'echo inside'") == "inside"


def test_a_commit_of_the_guest_is_signed_and_verifies_on_the_host(job: Job) -> None:
    job.run(
        "cd ~/code/alpha && echo hello > hello.txt && git add hello.txt"
        " && git commit -q -m 'Say hello' && git push -q origin HEAD"
    )
    shown = job.run("git -C ~/code/alpha log --show-signature -1 2>&1")
    assert f'Good "git" signature for {EMAIL}' in shown
    signers = job.person.state / "keys/allowed_signers"  # which `up` keeps
    verified = subprocess.run(
        ["git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", "main"],
        cwd=job.repos / "alpha.git",
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'Good "git" signature for {EMAIL}' in verified.stderr, verified.stderr
    author = job.run("git -C ~/code/alpha log -1 --format=%an")
    assert author == 'Ann "é"; #1'


def test_another_key_of_the_agent_is_not_seen_in_the_machine(job: Job) -> None:
    (line,) = job.run("ssh-add -l").splitlines()
    assert job.key.fingerprint in line
    assert job.run("sudo -n bash -lc 'echo $SSH_AUTH_SOCK'") == ""


def test_services_of_the_user_and_panes_of_tmux_have_the_same_agent(job: Job) -> None:
    shown = job.run("systemctl --user show-environment | grep ^SSH_AUTH_SOCK=")
    assert shown == "SSH_AUTH_SOCK=/run/user/1000/nopal-agent.sock"
    job.run("tmux -L nopal new-session -d -s seen 'ssh-add -l > ~/seen 2>&1; mv ~/seen ~/listed'")
    listed = job.run("for i in $(seq 30); do [ -e ~/listed ] && break; sleep 1; done; cat ~/listed")
    assert job.key.fingerprint in listed
    job.run("rm ~/listed; ssh-add -D 2>/dev/null; ssh-add -l >/dev/null")


def test_a_server_that_takes_the_key_and_is_none_of_the_projects_stays_closed(job: Job) -> None:
    user = job.foreign.url("").partition("://")[2].partition("@")[0]
    ssh = f"ssh -o StrictHostKeyChecking=no -p {job.foreign.port} {user}@192.168.5.2"
    assert job.run(f"{ssh} echo in 2>/dev/null; echo $?") == "255"
    assert "refused" in job.person.inv("keys.log", "-p", NAME).out


def test_an_agent_signs_and_pushes_when_nobody_is_connected(job: Job) -> None:
    job.run(
        "cd ~/code/beta && tmux -L nopal new-session -d -s left"
        " 'sleep 10; git commit -q --allow-empty -m Alone && git push -q origin HEAD'"
    )
    repo = job.repos / "beta.git"
    for _ in range(60):
        if "Alone" in job.person.git("log", "--format=%s", "main", cwd=repo):
            break
        time.sleep(2)  # no connection: each would be somebody
    assert "gpgsig" in job.person.git("cat-file", "commit", "main", cwd=repo)
    assert job.person.inv("keys.audit", "-p", NAME).out.endswith(
        "0 of them of nothing in the repos\n"
    )


def test_files_and_commits_go_in_and_come_out_to_be_read(job: Job) -> None:
    here = job.person.place / "review"
    here.mkdir()
    job.person.git("init", "-q", cwd=here)
    (here / "note").write_text("hello")

    def inv(*words: str, status: int = 0) -> str:
        typed = ("--search-root", str(CHECKOUT), *words)
        return job.person.inv(*typed, cwd=here, status=status).err

    inv("cp", "note", f"{NAME}:code/alpha/")
    job.run("cd ~/code/alpha && git checkout -qb review && git add note && git commit -qm Note")
    told = inv("cp", f"{NAME}:code/alpha", "back", status=1)
    assert "left out back/.git" in told
    assert (here / "back/note").read_text() == "hello"
    assert f"nopal-{NAME}/review is new" in inv("fetch", "-p", NAME, "--repo=alpha")
    hosts = job.person.state / "ssh/config"
    assert job.person.run(["ssh", "-F", str(hosts), f"nopal-{NAME}", "id -un"]).out == "dev\n"
    job.run("cd ~/code/alpha && git checkout -q main && git branch -qD review")


def test_no_private_key_of_the_host_is_in_the_guest(job: Job) -> None:
    secret = job.private_key.read_text().splitlines()[2]
    # Programs and their data are left out: they came from packages, and are most of the disk.
    found = job.run(
        "sudo find /home /root /etc /run /tmp /srv /mnt /var -xdev -type f -size -64k"
        " -not -path '/etc/ssh/ssh_host_*' -not -path '/var/lib/docker/*'"
        f" -exec grep -lsIE -e '^-----BEGIN .*PRIVATE KEY-----' -e '{secret}' {{}} +",
        None,
    )
    assert found == ""


def test_nothing_of_the_host_is_mounted(job: Job) -> None:
    kinds = job.run("findmnt -rno FSTYPE").split()
    assert not {"9p", "virtiofs", "fuse.sshfs", "nfs", "cifs"} & set(kinds)
    listed = json.loads(job.person.inv("ls", "--json").out)
    assert [row["name"] for row in listed] == [NAME]


def test_a_listener_of_the_guest_is_none_of_the_host(job: Job) -> None:
    job.run(
        "for a in 0.0.0.0:8123 127.0.0.1:8124; do"
        " setsid python3 -m http.server ${a#*:} --bind ${a%:*} >/dev/null 2>&1 </dev/null & done;"
        " for i in $(seq 60); do ss -ltn | grep -q :8123 && ss -ltn | grep -q :8124 && break;"
        " sleep 1; done; ss -ltn | grep -c ':812[34]'"
    )
    # Lima looks for listeners every three seconds; what it had forwarded would answer by now.
    job.run("sleep 8")
    for port in (8123, 8124):
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0
    job.run("pkill -f http.server", None)


def test_the_host_listens_for_the_machine_on_loopback_only(job: Job) -> None:
    listing = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    ours = [line.split()[3] for line in listing.splitlines() if re.search("qemu|limactl", line)]
    assert ours
    assert all(address.startswith("127.0.0.1:") for address in ours)


def test_status_tells_versions_and_no_drift(job: Job) -> None:
    told = json.loads(job.person.inv("status", "-p", NAME, "--json").out)
    assert told["state"]["status"] == "running"
    assert told["state"]["up_s"] > 0
    assert told["drift"] == {"shape": {}, "steps": [], "unknown": ""}
    seen = [one["program"] for one in told["profiles"]["claude"] if one["seen"]]
    assert seen == ["@anthropic-ai/claude-code"]
    assert told["last converge"]["said"].startswith("up: ")


def test_doctor_finds_nothing_wrong_with_the_machine(job: Job) -> None:
    told = json.loads(job.person.inv("doctor", "-p", NAME, "--json", status=None).out)
    # What other tests left in the cache that all share is none of this machine's.
    shared = {"half-made things"}
    assert [one for one in told if not one["ok"] and one["check"] not in shared] == []
    about = {one["check"] for one in told if one["about"] == NAME}
    assert {"login", "open connection", "clock", "names", "disk", "mounts", "ports"} <= about
    assert {"ssh client", "keys here", "keys seen", "key servers", "other agents"} <= about
    (seen,) = (one["says"] for one in told if one["check"] == "keys here")
    assert seen == f"{job.key.fingerprint} (work@laptop)"


def test_ports_name_who_listens_and_open_refuses_what_is_not_here(job: Job) -> None:
    told = json.loads(job.person.inv("ports", "-p", NAME, "--json").out)
    assert ("sshd", "inside") in [(row["program"], row["state"]) for row in told]
    assert "is not forwarded" in job.person.inv("open", "--port=22", "-p", NAME, status=1).err


def test_the_logs_of_the_machine_tell_how_it_came_up(job: Job) -> None:
    told = job.person.inv("logs", "-p", NAME, "--lines=0").out
    converge, boot, agent, serial = re.split(r"^--- (?=[a-z]+: )", told, flags=re.MULTILINE)[1:]
    assert "up: " in converge
    assert " ready" in boot
    assert "requirement" in agent
    # A machine that was resumed has said nothing yet.
    assert serial.startswith("serial: ")
    assert all(line.isprintable() for line in told.splitlines())


def test_a_second_up_is_one_exec_and_no_question_to_lima(job: Job) -> None:
    # With no limactl to be found, asking for the machine would fail.
    told = job.person.inv("up", "-p", NAME, NOPAL_TOOLS="/nonexistent", PATH="/usr/bin:/bin")
    assert re.search(r"blog: up: (\d+) steps: \1 ok; 1 exec\n", told.err), told.err


def test_plan_has_nothing_to_do(job: Job) -> None:
    assert job.person.inv("plan", "-p", NAME).out == ""


def test_plan_names_what_somebody_changed_and_up_mends_it(job: Job) -> None:
    job.run("git config --file ~/.config/nopal/gitconfig user.email other@example.com")
    assert "gitconfig" in job.person.inv("plan", "-p", NAME, status=2).out
    job.person.inv("up", "-p", NAME)
    assert job.run("git config --get user.email") == EMAIL


def test_a_command_passes_its_exit_status_through(job: Job) -> None:
    job.run("exit 7", status=7)
    assert job.person.inv("run", "pwd", "-p", NAME, "--dir=/etc").out == "/etc\n"


def test_commands_share_the_connection_that_is_open(job: Job) -> None:
    assert job.run('echo "$SSH_CONNECTION"') == job.run('echo "$SSH_CONNECTION"')
    assert job.run('[ "$(id -G)" = "$(id -G dev)" ] && echo same') == "same"


def test_claude_waits_in_a_session_past_its_first_run_screens(job: Job) -> None:
    told = job.person.inv("claude", "--detach", "-p", NAME)
    assert "the session claude is started" in told.err
    screen = settled_screen(job, "claude")
    assert not FIRST_RUN_SCREENS.search(screen), screen
    assert re.search(r"auto mode|\u276f|>", screen), screen
    command = "tmux -L nopal display-message -p -t =claude: '#{pane_current_command}'"
    assert job.run(command) in {"claude", "claude.exe"}


SEEN = (
    "import json, os, sys; print(json.dumps({n: os.environ.get(n) for n in sys.argv[1:]}))",
    "console.log(JSON.stringify(Object.fromEntries(process.argv.slice(1).map("
    "n => [n, process.env[n] ?? null]))))",
)


def test_every_awkward_secret_reaches_python_and_node(job: Job) -> None:
    names = " ".join([*AWKWARD, "OF_BETA"])
    for program, script in zip(("python3 -c", "node -e"), SEEN, strict=True):
        command = f"{program} {shlex.quote(script)} {names}"
        assert json.loads(job.run(command)) == {**AWKWARD, "OF_BETA": None}
        assert json.loads(job.run(f"cd ~/code/beta && exec bash -lc {shlex.quote(command)}")) == {
            **AWKWARD,
            "OF_BETA": PLANTED,
        }


def test_a_running_claude_has_the_secrets(job: Job) -> None:
    pane = "$(tmux -L nopal display-message -p -t =claude: '#{pane_pid}')"
    seen = job.run(f"tr '\\0' '\\n' < /proc/{pane}/environ | grep -a ^UTF8=")
    assert seen == f"UTF8={AWKWARD['UTF8']}"


def test_secrets_are_listed_compared_and_refreshed_without_a_value(job: Job) -> None:
    person = job.person
    listed = json.loads(person.inv("secrets", "--json", "-p", NAME).out)
    assert {row["name"] for row in listed} == {*AWKWARD, "*", "OF_BETA"}
    assert all(row["in_machine"] for row in listed)
    assert person.inv("secrets", "--diff", "-p", NAME).out == ""
    (person.home / "of-beta").write_text(f"rotated-{PLANTED}\n")
    assert person.inv("secrets", "--diff", "-p", NAME, status=2).out == "~ OF_BETA  (~/code/beta)\n"
    with spying() as seen:
        told = person.inv("secrets", "--refresh", "-p", NAME)
    assert PLANTED not in told.out + told.err
    assert PLANTED.encode() not in b"\n".join(seen)
    assert job.run("cat /run/nopal/secrets/repos/beta/values/OF_BETA") == f"rotated-{PLANTED}"


def test_no_secret_is_on_a_disk_of_the_host(job: Job) -> None:
    job.person.inv("checkpoint", "--name=with-secrets", "-p", NAME)
    (kept,) = json.loads(job.person.inv("checkpoints", "--json", "-p", NAME).out)
    assert kept["holds"] == "disk"
    places = [str(job.person.state), str(job.lima_home)]
    found = subprocess.run(
        ["grep", "-rlaF", "--devices=skip", PLANTED, *places],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
    job.person.inv("checkpoint", "--delete=with-secrets", "-p", NAME)


def test_a_second_claude_attaches_to_the_first(job: Job) -> None:
    child = pexpect.spawn(
        str(INV),
        ["claude", "-p", NAME],
        env={**job.person.environment()},
        cwd=str(CHECKOUT),
        dimensions=(40, 120),
        timeout=120,
    )
    child.expect("Claude Code")
    command = "tmux -L nopal display-message -p -t =claude: '#{session_attached}'"
    assert job.run(command) == "1"
    child.close(force=True)
    assert job.run("tmux -L nopal list-sessions -F '#{session_name}'") == "claude"


def test_codex_waits_in_a_session_of_its_own(job: Job) -> None:
    job.person.inv("codex", "--detach", "--name=review", "-p", NAME)
    screen = settled_screen(job, "review")
    assert "trust" not in screen.lower(), screen


def test_agents_on_two_branches_ask_work_and_finish_and_all_of_it_is_seen(job: Job) -> None:
    give_agents_a_model(job)
    with watching(job) as states:
        claude = ["claude", "--repo=alpha", "--worktree=fix/cart", "--detach", "-p", NAME]
        prompt = "--prompt=SLOWLY\nRUN: touch cart; sleep 12"
        job.person.inv(*claude, prompt, "--", "--permission-mode", "manual")
        codex = ["codex", "--repo=beta", "--worktree=login", "--detach", "-p", NAME]
        job.person.inv(
            *codex, "--", "--ask-for-approval", "on-request", "--sandbox", "workspace-write"
        )

        asked = job.person.inv("wait", "claude-alpha-fix-cart", "-p", NAME, status=3)
        assert asked.out == "waiting: Bash: touch cart; sleep 12\n"
        job.run("tmux -L nopal send-keys -t =claude-alpha-fix-cart: Enter")
        settled_screen(job, "codex-beta-login")
        job.run("tmux -L nopal send-keys -t =codex-beta-login: -l 'SLOWLY RUN: touch login'")
        job.run("sleep 1; tmux -L nopal send-keys -t =codex-beta-login: Enter")

        assert job.person.inv("wait", "claude-alpha-fix-cart", "-p", NAME).out == "done\n"
        job.run("test -f ~/code/alpha@fix-cart/cart && ! test -e ~/code/alpha/cart")
        assert job.run("git -C ~/code/alpha@fix-cart branch --show-current") == "fix/cart"
        asked = job.person.inv("wait", "codex-beta-login", "-p", NAME, status=3)
        assert re.search("touch login|May I", asked.out)  # as its hook tells, or its screen
        job.run("tmux -L nopal send-keys -t =codex-beta-login: Enter")
        assert job.person.inv("wait", "codex-beta-login", "-p", NAME).out == "done\n"
        job.run("test -f ~/code/beta@login/login")

        pane = "$(tmux -L nopal display-message -p -t =codex-beta-login: '#{pane_pid}')"
        job.run(f"kill -9 {pane}")
        killed = job.person.inv("wait", "codex-beta-login", "-p", NAME, status=1)
        assert "signal" in killed.out
        job.run("kill -9 $(tmux -L nopal display-message -p '#{pid}')")
        job.person.inv("wait", "claude-alpha-fix-cart", "-p", NAME, status=4)
        told = json.loads(job.person.inv("ps", "--json").out)
        assert {one["state"] for one in told} == {"gone"}
        job.run("sleep 10")
    claude_states = [each for session, each in states if session == "claude-alpha-fix-cart"]
    assert in_order(claude_states, ["working", "waiting", "working", "done", "gone"]), states
    codex_states = [each for session, each in states if session == "codex-beta-login"]
    assert in_order(codex_states, ["idle", "working", "waiting", "done", "failed", "gone"]), states
    found = json.loads(job.person.inv("transcripts", "--grep=RUN:", "--json", "-p", NAME).out)
    assert {line["file"].split("/")[0] for line in found} == {".claude", ".codex"}


def test_tasks_see_their_secrets_and_are_taken_up_after_a_kill(job: Job) -> None:
    inv, here = job.person.inv, ("--repo=beta", "-p", NAME)
    # Of its automatic mode Claude asks a model of intellect; the next `up` sets that mode again.
    settings, mode = "~/.claude/settings.json", '.permissions.defaultMode = "bypassPermissions"'
    job.run(f"jq '{mode}' {settings} > /dev/shm/own && cat /dev/shm/own > {settings}")
    run = 'RUN: test -n "$OF_BETA" && echo seen > seen'
    inv("task", f"SLOWLY {run}", *here)
    transcript = "~/.local/state/nopal/tasks/1/out/transcript"
    job.run(f"timeout 300 sh -c 'until [ -s {transcript} ]; do sleep 1; done'")
    pane = "$(tmux -L nopal display-message -p -t =task-1: '#{pane_pid}')"
    server = "$(tmux -L nopal display-message -p '#{pid}')"
    job.run(f"server={server}; pkill -KILL -s {pane}; kill -9 $server")
    assert [one["state"] for one in json.loads(inv("tasks", "--json").out)] == ["interrupted"]
    inv("tasks.resume", "1")
    inv("task", f"ALONE {run}", "--agent=codex", *here)
    for number in ("1", "2"):
        assert inv("wait", f"task-{number}", "-p", NAME).out == "done: ended\n"
    for number in ("1", "2"):
        assert "+seen" in inv("tasks.diff", number).out
    # It has been brought home by now, and its session closed.
    assert inv("wait", "task-2", "-p", NAME).out.startswith("done")


def test_a_login_is_given_rotated_and_taken_away_while_the_machine_runs(job: Job) -> None:
    projects, token = job.person.projects_file, job.person.home / "token"
    before = projects.read_text()
    projects.write_text(before.replace("profiles =", 'agents = {gh = "work"}\nprofiles =', 1))
    for text in (f"github_pat_{'a' * 60}", f"github_pat_{'b' * 60}"):
        token.write_text(text)
        job.person.inv("login", "gh", "--name=work", "--plain-file", f"--file={token}")
        assert job.run('printf %s "$GH_TOKEN"') == text
    (login,) = json.loads(job.person.inv("status", "--json", "-p", NAME).out)["logins"]
    assert (login["agent"], login["name"], login["kept"]) == ("gh", "work", True)
    job.person.inv("logout", "gh", "--name=work")
    assert job.run('printf %s "${GH_TOKEN-gone}"') == "gone"
    projects.write_text(before)


def test_a_persons_own_edits_survive_the_next_up(job: Job) -> None:
    job.run("git config --global alias.st status")
    job.run("echo 'Prefer tabs.' >> ~/.claude/CLAUDE.md; echo 'alias ll=\"ls -l\"' >> ~/.bashrc")
    job.person.inv("up", "-p", NAME)
    assert job.run("git config --get alias.st") == "status"
    assert "Prefer tabs." in job.run("cat ~/.claude/CLAUDE.md")
    assert job.run("tail -1 ~/.bashrc") == 'alias ll="ls -l"'


def test_destroying_asks_first_and_names_what_would_be_lost(job: Job) -> None:
    job.run("cd ~/code/beta && echo draft > draft.txt")
    told = job.person.inv("destroy", "-p", NAME, status=1)
    assert "would lose /home/dev/code/beta: 1 uncommitted file" in told.err
    assert job.run("cat ~/code/beta/draft.txt") == "draft"


def test_a_rotated_secret_reaches_the_commands_of_a_claude_that_runs(job: Job) -> None:
    claude = ["claude", "--detach", "--repo=beta", "--name=again", "-p", NAME]
    job.person.inv(*claude, "--", "--permission-mode=manual", "--allowedTools=Bash")
    settled_screen(job, "again")
    for word in ("turned", "rotated"):
        (job.person.home / "of-beta").write_text(f"{word}-{PLANTED}\n")
        job.person.inv("secrets", "--refresh", "-p", NAME)
        typed = shlex.quote('RUN: printf %s "$OF_BETA" > seen')
        job.run(f"tmux -L nopal send-keys -t =again: -l {typed}; sleep 1")
        job.run("tmux -L nopal send-keys -t =again: Enter")
        is_there = f"grep -q ^{word}- ~/code/beta/seen 2>/dev/null"
        job.run(f"timeout 120 sh -c 'until {is_there}; do sleep 1; done'")
        assert job.person.inv("wait", "again", "-p", NAME).out == "done\n"


def test_a_stopped_machine_comes_back_trimmed_and_with_the_same_host_key(job: Job) -> None:
    pinned = (job.person.state / "known_hosts").read_text()
    disk = job.lima_home / NAME / "disk"
    job.run("head -c 300M /dev/urandom > ~/big && sync && rm ~/big && sync")
    full = disk.stat().st_blocks * 512
    job.person.inv("restart", "-p", NAME)
    assert disk.stat().st_blocks * 512 < full - 200 * 2**20
    assert (job.person.state / "known_hosts").read_text() == pinned
    assert job.run("cat ~/code/beta/draft.txt") == "draft"


def test_an_agents_session_begins_again_after_a_boot_where_it_was(job: Job) -> None:
    has = "tmux -L nopal has-session -t =again 2>/dev/null"
    job.run(f"timeout 120 sh -c 'until {has}; do sleep 1; done'")
    assert "RUN: printf" in settled_screen(job, "again")
    job.run("tmux -L nopal kill-session -t =again")


def test_secrets_come_back_after_a_boot_and_go_when_they_are_cleared(job: Job) -> None:
    held = "cat /run/nopal/secrets/repos/beta/values/OF_BETA 2>&1"
    assert job.run(held) == f"rotated-{PLANTED}"
    job.person.inv("secrets", "--clear", "-p", NAME)
    assert "No such file" in job.run(held, None)
    assert job.run('printf %s "${UTF8-gone}"') == "gone"


def test_destroy_leaves_nothing_behind(job: Job) -> None:
    lima_home = job.lima_home
    assert processes_about(f"{lima_home}/{NAME}")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(job.key_socket))
        job.person.inv("destroy", "--yes", "-p", NAME)
        assert client.recv(1) == b""  # cut off, though it was open
    assert not job.key_socket.exists()
    assert processes_about(f"{lima_home}/{NAME}", f"nopal-{NAME}") == []
    assert not (lima_home / NAME).exists()
    conversations = job.person.state / "transcripts"
    assert "touch cart" in job.person.inv("transcripts", "--grep=touch cart", "-p", NAME).out
    left = [
        path
        for path in job.person.state.rglob("*")
        if path.name != "audit.jsonl"  # what its keys were used for is not forgotten
        and not path.is_relative_to(conversations)
        and not path.is_relative_to(job.person.state / "tasks")
        and (NAME in path.name or (path.is_file() and NAME in path.read_text(errors="replace")))
    ]
    assert left == []
    assert json.loads(job.person.inv("ls", "--json").out)[0]["state"] == "not made"


def give_agents_a_model(job: Job) -> None:
    """Have both agents of the guest talk to a model on its loopback, with logins of no worth."""
    model = base64.b64encode(Path(__file__).with_name("fake_models.py").read_bytes()).decode()
    url = "http://127.0.0.1:8155"
    job.run(
        f"echo {model} | base64 -d > ~/fake_models.py;"
        " setsid python3 ~/fake_models.py 8155 ~/fake.log >/dev/null 2>&1 </dev/null &"
        f" echo 'export ANTHROPIC_BASE_URL={url} CLAUDE_CODE_OAUTH_TOKEN=fake' >> ~/.profile;"
        f""" echo 'openai_base_url = "{url}/v1"' > ~/.codex/own.toml;"""
        " cat ~/.codex/config.toml >> ~/.codex/own.toml; mv ~/.codex/own.toml ~/.codex/config.toml;"
        """ echo '{"auth_mode": "apikey", "OPENAI_API_KEY": "fake"}' > ~/.codex/auth.json"""
    )


@contextmanager
def watching(job: Job) -> Iterator[list[tuple[str, str]]]:
    """Yield a list that holds, at the end, every change of state that `inv ps --watch` told."""
    states: list[tuple[str, str]] = []
    with subprocess.Popen(
        [str(INV), "ps", "--watch", "--json"],
        env=job.person.environment(),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield states
        finally:
            process.send_signal(signal.SIGINT)
            told, _nothing = process.communicate()
    changes = [json.loads(line) for line in told.splitlines()]
    states += [(change["name"], change["state"]) for change in changes]


def in_order(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether `wanted` is found in this order, whatever is between."""
    rest = iter(found)
    return all(one in rest for one in wanted)


def settled_screen(job: Job, session: str) -> str:
    """Return the session's screen once it shows something and has stopped changing."""
    before = ""
    for _ in range(40):
        now = job.run(f"sleep 3; tmux -L nopal capture-pane -p -t ={session}:")
        if now.strip() and now == before:
            return now
        before = now
    return before
