"""`keys` and `keys.…`: what machines may do with the person's keys, and what they did."""

from __future__ import annotations

import json as json_text
import shlex
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from invoke import Collection, Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from guard.repo_url import RepoUrl

    from ..project import Project
    from ..workspace import Workspace

_JSON = "print JSON instead of columns"
_LINES = 20


@verb(name="show", help={"project": PROJECT, "json": _JSON})
def show(c: Context, project: str = "", json: bool = False) -> None:
    """Show what the project's machine may do with your keys."""
    from ..key_listing import policy_data, policy_text  # noqa: PLC0415
    from ..preflight import prepare_all  # noqa: PLC0415

    workspace = open_workspace(c)
    found = workspace.project(project)
    policy = workspace.keys.given(found.name)
    if policy is None:
        policy = prepare_all(workspace, [found])[0].keys
    agent = workspace.agent(found.keys.agent)
    keys, fault = getattr(agent, "keys", ()), getattr(agent, "reason", "")
    _print(
        policy_data(policy) if json else policy_text(policy, keys, found.keys.while_, fault), json
    )


@verb(name="status", help={"json": _JSON})
def status(c: Context, json: bool = False) -> None:
    """Show what the broker holds: machines, their keys, how often they were used."""
    from ..key_listing import plain, status_text  # noqa: PLC0415

    client = open_workspace(c).keys.client
    if not client.is_running():
        _print(None if json else "no broker runs: no machine has any keys", json)
        return
    found = client.status()
    _print(plain(found) if json else status_text(found), json)


@verb(name="pending", help={"json": _JSON})
def pending(c: Context, json: bool = False) -> None:
    """List what machines ask for; each question waits half a minute."""
    from ..key_listing import pending_text, plain  # noqa: PLC0415

    client = open_workspace(c).keys.client
    found = client.pending() if client.is_running() else ()
    _print(plain(found) if json else pending_text(found, time.time()), json)


@verb(name="approve", positional=["number"], help={"number": "of the question, as pending says"})
def approve(c: Context, number: str) -> None:
    """Say yes to a question."""
    _answer(c, number, yes=True)


@verb(name="deny", positional=["number"], help={"number": "of the question, as pending says"})
def deny(c: Context, number: str) -> None:
    """Say no to a question."""
    _answer(c, number, yes=False)


@verb(
    name="log",
    help={
        "project": PROJECT,
        "all": "of all machines",
        "lines": f"how many of the last decisions ({_LINES}; 0: all)",
        "follow": "go on showing decisions, until Ctrl-C",
        "json": "print JSON, one object a line",
    },
)
def log(
    c: Context,
    project: str = "",
    all: bool = False,
    lines: int = _LINES,
    follow: bool = False,
    json: bool = False,
) -> None:
    """Show what was asked of your keys, and what became of it."""
    from ..key_listing import entries_text, plain  # noqa: PLC0415

    workspace = open_workspace(c)
    name = "" if all else workspace.names([project] if project else [])[0]
    reader, most = workspace.keys.client.log(), lines or None
    while True:
        new = (entry for entry in reader if not name or entry.project == name)
        shown = deque(new, maxlen=most)
        if json:
            sys.stdout.writelines(json_text.dumps(plain(entry)) + "\n" for entry in shown)
        else:
            _print(entries_text(shown), as_json=False)
        sys.stdout.flush()
        if not follow:
            return
        most = None
        time.sleep(0.5)


@verb(name="verify-log")
def verify_log(c: Context) -> None:
    """Check that nobody changed the log, or cut it."""
    count = open_workspace(c).keys.client.verify_log()
    sys.stdout.write(f"{count} lines, none changed\n")


@verb(name="audit", help={"project": PROJECT, "json": _JSON})
def audit(c: Context, project: str = "", json: bool = False) -> None:
    """Match each signature to a commit or tag of the project's repos; exit 2 when one has none."""
    from .. import key_audit  # noqa: PLC0415

    workspace = open_workspace(c)
    found = workspace.project(project)
    entries = [one for one in workspace.keys.client.log() if one.project == found.name]
    access = workspace.access(workspace.agent(found.keys.agent))
    if found.keys.expose == "deploy":
        access = replace(access, agent_socket=workspace.keys.client.socket(found.name))
    with workspace.keys.connected(found):
        matches = key_audit.audit(entries, key_audit.signed_objects(_urls(found), access))
    lost = [match for match in matches if not match.object]
    if json:
        data = [
            {"time": one.entry.time, "digest": one.entry.digest, "object": one.object}
            for one in matches
        ]
        _print(data, json)
    else:
        for match in lost:
            entry = match.entry
            sys.stdout.write(f"{entry.time}  {entry.digest[:23]}…  no commit or tag has it\n")
        sys.stdout.write(
            f"{len(matches)} signatures, {len(lost)} of them of nothing in the repos\n"
        )
    if lost:
        raise Exit(code=2)


@verb(name="pause", help={"project": PROJECT, "all": "all machines"})
def pause(c: Context, project: str = "", all: bool = False) -> None:
    """Let the machine use no key until `resume`."""
    workspace = open_workspace(c)
    workspace.keys.client.pause(_name(workspace, project, all))


@verb(name="resume", help={"project": PROJECT, "all": "all machines"})
def resume(c: Context, project: str = "", all: bool = False) -> None:
    """End a pause."""
    workspace = open_workspace(c)
    workspace.keys.client.resume(_name(workspace, project, all))


@verb(
    name="explain",
    positional=["host"],
    help={
        "host": "a server, such as github.com or ann@git.example.org:2222",
        "project": PROJECT,
        "sign": "it is a namespace of signatures, such as git, and no host",
        "json": _JSON,
    },
)
def explain(
    c: Context, host: str, project: str = "", sign: bool = False, json: bool = False
) -> None:
    """Say what would become of a login to a host, and why."""
    from ..key_listing import explanations_text, plain  # noqa: PLC0415
    from ..key_values import server_name  # noqa: PLC0415

    workspace = open_workspace(c)
    keys, name = workspace.keys, workspace.project(project).name
    if sign:
        found = keys.client.explain(name, namespace=host)
    else:
        user, _, rest = host.rpartition("@")
        server = server_name(rest)
        if server is None:
            raise Exit(f"{host!r} is no host, such as github.com or git.example.org:2222", 2)
        policy = keys.given(name)
        allowed = policy.users.get(server, ()) if policy else ()
        found = keys.client.explain(name, host=server, user=user or next(iter(allowed), "git"))
    _print(plain(found) if json else explanations_text(found), json)


@verb(name="rotate", help={"project": PROJECT})
def rotate(c: Context, project: str = "") -> None:
    """Replace the keys that the project has to itself; the old ones are gone at once."""
    from guard.public_key import parse_public_key  # noqa: PLC0415

    from ..key_facts import own_purposes  # noqa: PLC0415
    from ..signers import machine_signer  # noqa: PLC0415

    workspace = open_workspace(c)
    found = workspace.project(project)
    purposes = own_purposes(found)
    if not purposes:
        raise Exit(_no_own_keys(found), 2)
    for purpose in purposes:
        key = workspace.keys.client.make_key(found.name, purpose, anew=True)
        if purpose == "sign":
            workspace.keys.signers.keep(machine_signer(found.name, parse_public_key(key.line)))
        sys.stdout.write(f"{purpose}  {key.line}\n")
    sys.stderr.write(
        f"{found.name}: enter them where the old ones were, and take those out;"
        f" inv up -p {found.name} tells the machine\n"
    )


@verb(
    name="deploy",
    help={"project": PROJECT, "register": "enter it at github.com by `gh`, allowed to push"},
)
def deploy(c: Context, project: str = "", register: bool = False) -> None:
    """Print the project's own deploy key, and where each of its repos takes it."""
    from ..deploy_key import page  # noqa: PLC0415
    from ..deploy_key import register as enter  # noqa: PLC0415

    workspace = open_workspace(c)
    found = workspace.project(project)
    if found.keys.expose != "deploy":
        raise Exit(_no_own_keys(found), 2)
    key = workspace.keys.client.make_key(found.name, "login")
    sys.stdout.write(f"{key.line}\n")
    rest = "the system's keyring" if key.at_rest == "keyring" else "a file that only you can read"
    sys.stderr.write(f"{found.name}: its private half is in {rest}\n")
    for url in (url for url in _urls(found) if url.scheme == "ssh"):
        if register:
            enter(url, key.line, f"nopal-{found.name}", workspace.environ)
            sys.stderr.write(f"{found.name}: entered for {url.text}\n")
        else:
            sys.stderr.write(f"{url.text}: {page(url) or 'its server: ' + url.host}\n")


@verb(name="signers")
def signers(c: Context) -> None:
    """Print who signs in machines, as git's allowed signers, and what makes your git go by it."""
    from ..signers import git_setting  # noqa: PLC0415

    workspace = open_workspace(c)
    kept = workspace.keys.signers
    sys.stdout.write(kept.text)
    set_now = git_setting(workspace.environ)
    if set_now == str(kept.path):
        sys.stderr.write("git goes by this file\n")
    elif set_now:
        sys.stderr.write(f"git goes by {set_now}: add these lines to it\n")
    else:
        setting = f"git config --global gpg.ssh.allowedSignersFile {shlex.quote(str(kept.path))}"
        sys.stderr.write(f"for git to go by this file: {setting}\n")


def _answer(c: Context, number: str, *, yes: bool) -> None:
    if not number.isdecimal():
        raise Exit("a question's number is a whole number; see: inv keys.pending", 2)
    client = open_workspace(c).keys.client
    if not (client.is_running() and client.answer(int(number), yes=yes)):
        raise Exit(f"question {number} is not open any more", 1)


def _name(workspace: Workspace, project: str, everything: bool) -> str | None:
    return None if everything else workspace.names([project] if project else [])[0]


def _urls(project: Project) -> list[RepoUrl]:
    from guard.repo_url import parse_repo_url  # noqa: PLC0415

    return [parse_repo_url(repo.url) for repo in project.repos]


def _no_own_keys(project: Project) -> str:
    return (
        f"{project.name} has no keys of its own;\n"
        f'give it some: keys = "deploy" in [projects.{project.name}] of {project.person_file}'
    )


def _print(value: object, as_json: bool) -> None:
    from ..screen import printable  # noqa: PLC0415

    if as_json:
        sys.stdout.write(json_text.dumps(value, indent=2) + "\n")
    else:
        lines: Sequence[str] = str(value).splitlines()
        sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


ns = Collection("keys")
ns.add_task(show, default=True)
for _task in (status, pending, approve, deny, log, verify_log, audit):
    ns.add_task(_task)
for _task in (pause, resume, explain, rotate, deploy, signers):
    ns.add_task(_task)
