"""Go of the line 1.27, with a C compiler for cgo.

The official tarball is unpacked into /usr/local/go, where every guide expects it, and linked into
/usr/local/bin, where every kind of shell finds it. Programs by `go install` are in ~/go/bin, which
is on everybody's PATH. A project whose go.mod asks for a newer Go gets that one from the go command
itself; `GOTOOLCHAIN=local` forbids it.

Where go.dev cannot be reached, the same version comes as the Go team publishes it for the go
command, the module `golang.org/toolchain`: the distribution's golang-go fetches it from the module
proxy that the machine uses, and it must have the pinned hash. golang-go stays, behind the new one.

Checksums of the tarballs: https://go.dev/dl/?mode=json&include=all. Another version is taken by
the options `version` and `sha256` together.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Apt, Archive, Check, Command, FirstOf, GoInstall, Link, Step
from provision.shell import quote
from provision.steps.archive import MARKER

from .guest import Guest
from .pin import Pin
from .profile import profile
from .release import check_release
from .shell_hooks import in_every_shell

MIRROR = "https://go.dev/dl"
GO = Pin(
    "go",
    "1.27.2",
    registry="go",
    package="golang.org/toolchain",
    line="1.27.",
    artefacts={
        "x86_64": f"{MIRROR}/go{{version}}.linux-amd64.tar.gz",
        "aarch64": f"{MIRROR}/go{{version}}.linux-arm64.tar.gz",
    },
    checksums={
        "x86_64": "ecbadb99091a3f46e31f5f934b068b1864eafa7995211b39eaddf76996045fe5",
        "aarch64": "94f3e30b8e374bc285e7dadc11e0865726b9bc6e85b841ccceaabc0214c6b7c8",
    },
)
PINS = (GO,)

# What go.sum would say of the same release as a module.
_MODULE_SUMS = {
    "x86_64": "h1:N6Xv/1OLzI0jVVkUwkrxHRZc/GCTARUo6idcngKwlDE=",
    "aarch64": "h1:ZPmpRXAGb18VzsgBfc7C1IiDkORwc8GE7uU914Sto/U=",
}

PREFIX = "/usr/local/go"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `go`."""

    version: str = GO.version
    """The exact version, such as `1.27.2`."""
    sha256: str = ""
    """Checksum of the `linux` tarball of that version for the machine's architecture."""
    mirror: str = MIRROR
    """Where `go1.27.2.linux-amd64.tar.gz` is found."""
    cgo: bool = True
    """A C compiler: packages that use C need one, and the race detector does."""
    tools: dict[str, str] = msgspec.field(default_factory=dict)
    """Programs by exact versions, such as `{"golang.org/x/tools/gopls" = "v0.21.0"}`."""

    def __post_init__(self) -> None:
        """Refuse what no checksum stands behind."""
        check_release(
            version=self.version, pinned=GO.version, sha256=self.sha256, mirror=self.mirror
        )


@profile
def go(options: Options, guest: Guest) -> Iterator[Step]:
    """Go 1.27, with a C compiler for cgo."""
    if options.cgo:
        yield Apt("gcc")
        yield Apt("libc6-dev")
    url = GO.url(guest.machine, options.version)
    official = Archive(
        url.replace(MIRROR, options.mirror.rstrip("/"), 1),
        sha256=options.sha256 or GO.checksums[guest.machine],
        to=PREFIX,
    )
    if options.version == GO.version:
        yield FirstOf("go", official, (Apt("golang-go"), _module(guest)))
    else:
        # Who asks for a version gets that one or an error.
        yield official
    for program in ("go", "gofmt"):
        yield Link(f"/usr/local/bin/{program}", f"{PREFIX}/bin/{program}")
    yield from in_every_shell(guest, "go", path=["~/go/bin"])
    for package, version in options.tools.items():
        yield GoInstall(package, version)
    yield Check(_HELLO, matches=r"^hello from go1\.\d+")


def _module(guest: Guest) -> Command:
    """Fetch the toolchain as a module, and put right what a module cannot hold: modes."""
    name = f"golang.org/toolchain@v0.0.1-go{GO.version}.linux-{guest.arch}"
    wanted = _MODULE_SUMS[guest.machine]
    # The marker of `Archive`, so that a later official tarball may take the place.
    marker = f"module-{GO.version}"
    script = f"""\
work=$(mktemp -d {PREFIX}.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" GOPATH="$work/path" GOFLAGS=-modcacherw GOTOOLCHAIN=local
/usr/bin/go mod download -json {quote(name)} > answer || {{ cat answer; exit 1; }}
found=$(sed -n 's/^.*"Sum": "\\(.*\\)".*$/\\1/p' answer)
[ "$found" = {quote(wanted)} ] || {{
echo {quote(f"the hash of {name} is wrong: expected {wanted}")}", found $found"; exit 1; }}
tree=$(sed -n 's/^.*"Dir": "\\(.*\\)".*$/\\1/p' answer)
chmod -R u+w,a+rX "$tree"
chmod 0755 "$tree"/bin/* "$tree"/pkg/tool/*/*
"$tree/bin/go" version
printf '%s\\n' {marker} > "$tree/{MARKER}"
rm -rf {PREFIX}
mv -T "$tree" {PREFIX}"""
    unless = f"grep -qsxF {marker} {PREFIX}/{MARKER}"
    return Command(script, unless=unless, name="go from its module")


_HELLO = """\
go version
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
cat >hello.go <<'.'
package main

import (
    "fmt"
    "runtime"
)

func main() { fmt.Println("hello from", runtime.Version()) }
.
go run hello.go"""
