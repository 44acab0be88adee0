"""limactl: one method per subcommand, under the subcommand's own name.

Nothing is read into a failure: a `list` that fails is an error, never "there are no machines".
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from lima.emulation import emulation
from lima.errors import LimactlFailed, LimactlMissing
from lima.host import Host
from lima.instance import Instance, decode
from lima.mounts import install as mounts
from lima.mounts.server import GIT_VARIABLE
from lima.paths import LimaPaths
from lima.process import Completed, Identity, OnLine, identity, run

# What limactl and QEMU may know of our environment. No SSH_AUTH_SOCK: an agent must not get in.
_PASSED_ON = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
_OF_OURSELVES = ("XDG_CACHE_HOME", "TMPDIR")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Run(Protocol):
    """Runs limactl with these arguments to its end."""

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        input_text: str = "",
        on_line: OnLine | None = None,
        qemu_options: Sequence[str] = (),
        keeps_git: Sequence[Path] = (),
    ) -> Completed:
        """Run it; what it logs goes to `on_line`, as sentences, while it runs.

        A machine's QEMU that it starts gets `qemu_options` too. In mounted folders among
        `keeps_git` a machine cannot change the hooks and the configuration of repos.
        """


@dataclass(frozen=True)
class Limactl:
    """limactl of this host. Every method raises `LimactlFailed` when the command fails."""

    run: Run

    def list(self) -> tuple[Instance, ...]:
        """Return every machine, running or not."""
        return decode(self._do("list", "--json"))

    def create(self, name: str, lima_yaml: str, on_line: OnLine | None = None) -> None:
        """Make a machine of a template's text, without starting it."""
        self._do("create", f"--name={name}", "--tty=false", "-", text=lima_yaml, on_line=on_line)

    def start(
        self,
        name: str,
        timeout_s: int,
        on_line: OnLine | None = None,
        qemu_options: Sequence[str] = (),
        keeps_git: Sequence[Path] = (),
    ) -> None:
        """Start a machine that exists. Of an unknown name Lima would make one: check before."""
        words = ("start", "--tty=false", f"--timeout={timeout_s}s", name)
        self._do(*words, on_line=on_line, qemu_options=qemu_options, keeps_git=keeps_git)

    def stop(self, name: str, *, force: bool = False, on_line: OnLine | None = None) -> None:
        """Stop a machine that runs."""
        self._do("stop", *(["--force"] if force else []), name, on_line=on_line)

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove a machine; without `force` only one that is stopped."""
        self._do("delete", *(["--force"] if force else []), name)

    def protect(self, name: str) -> None:
        """Refuse to remove a machine from now on."""
        self._do("protect", name)

    def unprotect(self, name: str) -> None:
        """Allow a machine to be removed again."""
        self._do("unprotect", name)

    def snapshot(self, verb: Literal["create", "apply", "delete"], name: str, tag: str) -> None:
        """Make, bring back or remove a snapshot: of the memory, too, while the machine runs."""
        arguments = ("snapshot", verb, name, "--tag", tag)
        done = self.run(arguments)
        # limactl ends well whatever QEMU answers, and logs it.
        said = [message(line) for line in done.stderr.splitlines()]
        refusals = [text for text in said if text.startswith("output: Error")]
        if done.status != 0 or refusals:
            detail = refusals[-1].removeprefix("output: ") if refusals else _reason(done.stderr)
            raise LimactlFailed(" ".join(arguments), done.status, detail)

    def shell(self, name: str, *command: str) -> str:
        """Run a command in a machine that runs; Lima opens its SSH master where there is none."""
        return self._do("shell", "--workdir=/", name, *command)

    def validate(self, file: Path) -> None:
        """Check a template."""
        self._do("validate", str(file))

    def version(self) -> str:
        """Return the version's text, such as `2.2.0` or `2.2.0-153-g183a60d`."""
        return self._do("--version").strip().rpartition(" ")[2]

    def _do(
        self,
        *arguments: str,
        text: str = "",
        on_line: OnLine | None = None,
        qemu_options: Sequence[str] = (),
        keeps_git: Sequence[Path] = (),
    ) -> str:
        done = self.run(
            arguments,
            input_text=text,
            on_line=on_line,
            qemu_options=qemu_options,
            keeps_git=keeps_git,
        )
        if done.status != 0:
            raise LimactlFailed(" ".join(arguments), done.status, _reason(done.stderr))
        return done.stdout


def message(line: str) -> str:
    """Return the sentence in a line of Lima's JSON log; any other line is returned as it is."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return line
    if not isinstance(record, dict):
        return line
    text = str(record.get("msg", line))
    error = record.get("error")
    return f"{text}: {error}" if error else text


def _reason(stderr: str) -> str:
    fatal = [line for line in stderr.splitlines() if '"level":"fatal"' in line]
    lines = fatal or [line for line in stderr.splitlines() if line.strip()]
    return message(lines[-1]) if lines else "it said nothing"


def environment(
    paths: LimaPaths,
    host: Host,
    person: Identity,
    ours: Mapping[str, str],
    qemu_options: Sequence[str] = (),
    keeps_git: Sequence[Path] = (),
    qemu: str = "",
) -> dict[str, str]:
    """Return the whole environment limactl gets; `qemu` says its version. Pure."""
    is_ourselves = paths.user is None
    path = ours.get("PATH", _SYSTEM_PATH) if is_ourselves else _SYSTEM_PATH
    result = {
        "HOME": ours.get("HOME", person.home) if is_ourselves else person.home,
        "USER": person.name,
        "LOGNAME": person.name,
        "LANG": "C.UTF-8",
        "LIMA_HOME": str(paths.home),
        # First what serves mounted folders: Lima takes the first `sftp-server` that it finds.
        "PATH": f"{mounts.folder(paths.tools)}:{paths.limactl.parent}:{path}",
        GIT_VARIABLE: ":".join(map(str, keeps_git)),
    }
    kept = (*_PASSED_ON, *_OF_OURSELVES) if is_ourselves else _PASSED_ON
    result.update((key, ours[key]) for key in kept if key in ours)
    options = [] if host.has_hardware_virtualisation else [emulation(host.machine, qemu)]
    options += qemu_options
    if options:
        # Lima starts machines by all of it, and asks QEMU what it can do by the program alone.
        command = " ".join((f"qemu-system-{host.machine}", *options))
        result[f"QEMU_SYSTEM_{host.machine.upper()}"] = command
    return result


@dataclass(frozen=True)
class LimactlProcess:
    """The real thing: a `Run` that starts limactl, as the system user when there is one."""

    executable: Path
    paths: LimaPaths
    host: Host
    ours: Mapping[str, str]
    """Our own environment."""

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        input_text: str = "",
        on_line: OnLine | None = None,
        qemu_options: Sequence[str] = (),
        keeps_git: Sequence[Path] = (),
    ) -> Completed:
        """Run it. Raises `LimactlMissing` when it, or the user it runs as, is not there."""
        person = identity(self.paths.user)
        if person is None:
            raise LimactlMissing
        try:
            self._see_to_home(arguments[0], person)
            if arguments[0] == "start":
                mounts.install(self.paths.tools)
        except OSError as error:
            # Not "no machines": a place that cannot be had says nothing of what is in it.
            raise LimactlFailed(" ".join(arguments), 1, str(error)) from error
        qemu = self._qemu(person) if arguments[0] == "start" else ""
        say = on_line and (lambda line: on_line(message(line)))
        try:
            return run(
                (str(self.executable), "--log-format=json", *arguments),
                environment=environment(
                    self.paths, self.host, person, self.ours, qemu_options, keeps_git, qemu
                ),
                input_text=input_text,
                # A place every user may stand in; limactl writes nothing here.
                directory=Path("/"),
                run_as=person,
                on_line=say,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise LimactlMissing from error

    def _qemu(self, person: Identity) -> str:
        """Return what QEMU says of its version, where it matters; nothing, if it is not there."""
        if self.host.has_hardware_virtualisation:
            return ""
        command = (f"qemu-system-{self.host.machine}", "--version")
        ours = environment(self.paths, self.host, person, self.ours)
        try:
            return run(command, environment=ours, directory=Path("/"), run_as=person).stdout
        except (FileNotFoundError, PermissionError):
            return ""  # limactl says what is wrong

    def _see_to_home(self, verb: str, person: Identity) -> None:
        home = self.paths.home
        if home.is_dir():
            return
        # Where nothing is, there are no machines, and looking makes nothing; but a link that leads
        # nowhere, to a disk that is not mounted, fails here.
        if verb == "create" or os.path.lexists(home):
            home.mkdir(parents=True, mode=0o700)
            os.chown(home, person.uid, person.gid, follow_symlinks=False)
