"""Two hops on loopback: a host, a machine (sshd A), and servers that the machine logs in to.

All clients and servers are OpenSSH, but one server that does not speak host-bound logins (asyncssh,
as the big forges) and one client that cannot tell where it logs in (asyncssh again).
"""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import re
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import msgspec
import pytest
from broker_fixtures import running_broker, through
from guard_fixtures import ENV, Sshd, make_key, make_repo, run, ssh_agent, sshd

from guard.keys.client import BrokerClient
from guard.keys.policy import KeyPolicy
from guard.public_key import PublicKey

USER = getpass.getuser()
NO_QUESTIONS = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ControlPath=none")


@contextmanager
def forge(key: Path, allowed: PublicKey) -> Iterator[int]:
    """Run a server of asyncssh on loopback; yields its port."""
    loop = asyncio.new_event_loop()

    async def serve() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(key)],
            authorized_client_keys=asyncssh.import_authorized_keys(allowed.line),
            process_factory=lambda process: process.exit(0),
        )

    acceptor = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield acceptor.get_port()
    finally:

        async def stop() -> None:
            acceptor.close()
            await acceptor.wait_closed()

        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Lab:
    """All of it; `policy` is what tests change."""

    place: Path
    broker: BrokerClient
    policy: KeyPolicy
    machine: Sshd
    allowed: Sshd
    denied: Sshd
    forge_port: int
    carrier: str = "reverse socket"
    work: PublicKey = field(default=None)  # type: ignore[assignment]

    def give(self, **changes: object) -> Path:
        return self.broker.give(msgspec.structs.replace(self.policy, **changes))

    def in_machine(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, with the agent that is carried there."""
        socket = self.broker.socket("blog")
        options = ["-i", str(self.place / "machine_login"), "-o", "IdentitiesOnly=yes"]
        if self.carrier == "reverse socket":
            guest = socket.with_name("guest.sock")
            guest.unlink(missing_ok=True)
            options += ["-o", "IdentityAgent=none", "-R", f"{guest}:{socket}"]
            command = f"export SSH_AUTH_SOCK={guest}; {command}"
        else:
            options += ["-o", f"IdentityAgent={socket}", "-o", "ForwardAgent=yes"]
        return subprocess.run(
            [*self.ssh(self.machine.port), *options, "127.0.0.1", command],
            env={**ENV, "HOME": str(self.place)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def ssh(self, port: int) -> list[str]:
        hosts = f"UserKnownHostsFile={self.place}/known_hosts"
        return ["ssh", "-F", "none", "-p", str(port), *NO_QUESTIONS, "-o", hosts]

    def log_in(self, port: int, command: str = "true", *options: str) -> str:
        """Return the command that logs in from where it is run."""
        words = [*self.ssh(port), "-o", "PubkeyAuthentication=yes", *options, "127.0.0.1", command]
        return shlex.join(words)

    @property
    def reasons(self) -> list[str]:
        return [entry.reason for entry in self.broker.log() if entry.verdict == "refused"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    place = tmp_path_factory.mktemp("lab")
    names = ("work", "secret", "machine_login", "forge_key")
    work, _, machine_login, forge_key = (make_key(place, name) for name in names)
    with ExitStack() as stack:
        machine = stack.enter_context(sshd(place / "a", machine_login))
        allowed = stack.enter_context(sshd(place / "b", work))
        denied = stack.enter_context(sshd(place / "c", work))
        port = stack.enter_context(forge(place / "forge_key", work))
        agent = stack.enter_context(ssh_agent(place / "work", place / "secret"))
        broker = stack.enter_context(running_broker())
        (place / "known_hosts").write_text(
            "".join(one.known_hosts_line() for one in (machine, allowed, denied))
            + f"[127.0.0.1]:{port} {forge_key.line}\n"
        )
        for name in ("work", "secret"):  # from now on the agent alone can use them
            (place / name).unlink()
        policy = KeyPolicy(
            project="blog",
            exposed=("work",),
            sign={"git": "allow"},
            login={"b": "allow", "forge": "allow"},
            host_keys={"b": (allowed.host_key.line,), "forge": (forge_key.line,)},
            machine_keys=(machine.host_key.line,),
            upstream=(str(agent),),
        )
        yield Lab(place, broker, policy, machine, allowed, denied, port, work=work)


@pytest.fixture(params=["reverse socket", "forwarded agent"])
def lab(built: Lab, request: pytest.FixtureRequest) -> Lab:
    """The lab, by each way that an agent gets into a machine."""
    built.carrier = request.param
    built.give()
    return built


def test_a_machine_sees_the_exposed_key_only(lab: Lab) -> None:
    listed = lab.in_machine("ssh-add -l").stdout
    assert lab.work.fingerprint in listed
    assert "secret" not in listed


def test_an_allowed_host_can_be_logged_in_to(lab: Lab) -> None:
    done = lab.in_machine(lab.log_in(lab.allowed.port, "echo there"))
    assert done.stdout == "there\n", done.stderr


def test_a_host_that_does_not_speak_host_bound_can_be_logged_in_to(lab: Lab) -> None:
    done = lab.in_machine(lab.log_in(lab.forge_port))
    assert done.returncode == 0, done.stderr


def test_a_host_that_is_not_allowed_is_not_logged_in_to_though_it_knows_the_key(built: Lab) -> None:
    built.give()
    done = built.in_machine(built.log_in(built.denied.port))
    assert done.returncode == 255
    assert "Permission denied" in done.stderr
    assert built.reasons[-1] == (
        f"no allowed host has the host key {built.denied.host_key.fingerprint}"
    )


def test_a_host_that_must_be_named_in_the_request_is_if_it_speaks_that(lab: Lab) -> None:
    lab.give(hostbound=("b", "forge"))
    assert lab.in_machine(lab.log_in(lab.allowed.port)).returncode == 0
    done = lab.in_machine(lab.log_in(lab.forge_port))
    assert done.returncode == 255
    assert lab.reasons[-1] == "`forge` must be named within the request, and is not"


def test_another_user_than_the_named_ones_is_refused(built: Lab) -> None:
    built.give(users={"b": ("git",)})
    assert built.in_machine(built.log_in(built.allowed.port)).returncode == 255
    assert built.reasons[-1] == f"nobody may log in to `b` as `{USER}`"


def test_an_agent_that_is_forwarded_on_is_of_no_use_there(lab: Lab) -> None:
    onward = lab.log_in(lab.forge_port)
    there = f"ssh-add -l; {onward}"
    done = lab.in_machine(lab.log_in(lab.allowed.port, there, "-o", "ForwardAgent=yes"))
    assert "The agent has no identities" in done.stdout
    assert done.returncode == 255
    expected = f"the agent was forwarded on, to the host key {lab.allowed.host_key.fingerprint}"
    assert expected in lab.reasons


def test_a_machine_clones_signs_and_pushes(lab: Lab, tmp_path: Path) -> None:
    make_repo(lab.allowed.root / "blog.git")
    signers = tmp_path / "signers"
    signers.write_text(f"t@example.org {lab.work.line}\n")
    script = f"""
set -eu
export GIT_SSH_COMMAND={shlex.quote(shlex.join(lab.ssh(lab.allowed.port)))}
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
cd {tmp_path}
git clone -q {lab.allowed.url("blog.git")} blog
cd blog
git config user.name t && git config user.email t@example.org
git config gpg.format ssh && git config user.signingkey {shlex.quote("key::" + lab.work.line)}
git config gpg.ssh.allowedSignersFile {signers}
git commit -q -S --allow-empty -m second
git tag -s v1 -m first
git push -q origin HEAD:main v1
"""
    done = lab.in_machine(script)
    assert done.returncode == 0, done.stderr
    repo = lab.allowed.root / "blog.git"
    bare = ("git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "-C", repo)
    run(*bare, "verify-commit", "main")
    run(*bare, "verify-tag", "v1")
    digests = {entry.digest for entry in lab.broker.log() if entry.kind == "sign"}
    body = run(*bare, "cat-file", "commit", "main")
    assert digest_without_signature(body) in digests
    repo.rename(tmp_path / "gone")


def digest_without_signature(body: str) -> str:
    """Return what the log says of a commit: the hash of its text without the signature."""
    kept, is_signature = [], False
    for line in body.split("\n"):
        is_signature = line.startswith("gpgsig ") or (is_signature and line.startswith(" "))
        if not is_signature:
            kept.append(line)
    return "sha512:" + hashlib.sha512("\n".join(kept).encode()).hexdigest()


def test_a_signature_for_another_purpose_is_refused(built: Lab) -> None:
    built.give()
    one = "echo text | ssh-keygen -Y sign -n {0} -f {1}/work.pub && echo signed {0}"
    tried = "; ".join(one.format(namespace, built.place) for namespace in ("file", "git", "email"))
    assert re.findall("signed .*", built.in_machine(tried).stdout) == ["signed git"]
    assert built.reasons[-2:] == [
        "the namespace `file` is not allowed",
        "the namespace `email` is not allowed",
    ]


def test_a_certificate_is_not_signed(built: Lab, tmp_path: Path) -> None:
    built.give()
    make_key(tmp_path, "subject")
    command = f"ssh-keygen -q -Us {built.place}/work.pub -I me -n root {tmp_path}/subject.pub"
    assert built.in_machine(command).returncode != 0
    assert not (tmp_path / "subject-cert.pub").exists()
    assert built.reasons[-1] == "neither a login nor a signed message"


def test_the_agent_is_neither_managed_nor_tested(lab: Lab) -> None:
    public = lab.place / "work.pub"
    ways = ("-D", f"-d {public}", "-x", "-X", "-s /lib/x.so", "-e /lib/x.so", f"-T {public}")
    ask = f"export SSH_ASKPASS=/bin/echo SSH_ASKPASS_REQUIRE=force; cd {lab.place}"
    tried = "; ".join(f"ssh-add {way} && echo 'done {way}'" for way in ways)
    done = lab.in_machine(f"{ask}; {tried}; ssh-add forge_key && echo done add; ssh-add -l")
    assert "done" not in done.stdout
    assert done.stdout.count("SHA256:") == 1
    assert lab.work.fingerprint in done.stdout


def unbound_login(lab: Lab) -> Callable[[], None]:
    """Log in to the allowed host by asyncssh, which tells no agent where."""

    async def work() -> None:
        async with asyncssh.connect_agent(str(lab.broker.socket("blog"))) as agent:
            keys = await agent.get_keys()
            async with asyncssh.connect(
                "127.0.0.1",
                lab.allowed.port,
                username=USER,
                client_keys=keys,
                agent_path=None,
                known_hosts=None,
                config=None,
            ):
                pass

    return lambda: asyncio.run(work())


def test_a_client_that_does_not_say_where_it_logs_in_is_refused_with_a_hint(built: Lab) -> None:
    built.give()
    with pytest.raises(asyncssh.PermissionDenied):
        unbound_login(built)()
    assert "let it use OpenSSH" in built.reasons[-1]


def test_such_a_client_can_be_allowed(built: Lab) -> None:
    built.give(unbound="allow")
    unbound_login(built)()


def test_a_project_that_is_taken_away_ends_at_once(built: Lab) -> None:
    socket = built.give()
    assert through(socket, "ssh-add", "-l").returncode == 0
    built.broker.take_away("blog")
    assert not socket.exists()
    assert through(socket, "ssh-add", "-l").returncode == 2
