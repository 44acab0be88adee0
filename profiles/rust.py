"""Rust with cargo, clippy and rustfmt.

By rustup, which takes the toolchain from the Rust project and checks it; rustup itself is the
distribution's package, so its programs are in /usr/bin for every kind of shell. A repo's
rust-toolchain.toml is honoured: rustup fetches what it names when it is first needed. Programs by
`cargo install` are in ~/.cargo/bin, which is on everybody's PATH.

With `source = "any"` a machine that cannot reach static.rust-lang.org gets the distribution's
compiler, which is older, and says so; who asks for a `version`, for `components` or for `targets`
gets those or an error. `source = "distribution"` takes the older one at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Apt, Cargo, Check, Command, FirstOf, Step
from provision.shell import join, quote

from .guest import Guest
from .pin import Pin
from .profile import profile
from .shell_hooks import in_every_shell

# rustup checks each file against the release's own list of checksums.
RUST = Pin("rust", "1.99.1", registry="github", package="rust-lang/rust")
PINS = (RUST,)

_COMPONENTS = ("clippy", "rustfmt")
_RUSTUP = ("rustup", "gcc", "libc6-dev")
_DISTRIBUTION = ("rustc", "cargo", "rust-clippy", "rustfmt")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `rust`."""

    source: Literal["any", "rustup", "distribution"] = "any"
    """`rustup`, the `distribution`'s packages, or the first of these that can be had."""
    version: str = RUST.version
    """By rustup, the exact version, such as `1.99.1`."""
    components: tuple[str, ...] = ()
    """By rustup, what to add to clippy and rustfmt, such as `rust-analyzer` or `rust-src`."""
    targets: tuple[str, ...] = ()
    """By rustup, what else to compile for, such as `wasm32-unknown-unknown`."""
    tools: dict[str, str] = msgspec.field(default_factory=dict)
    """Crates to install by exact versions, such as `{"cargo-nextest" = "0.9.110"}`."""

    def __post_init__(self) -> None:
        """Refuse what rustup would read as a channel or an option, or what only rustup has."""
        if not re.fullmatch(r"\d+\.\d+\.\d+", self.version):
            message = f"`version` is exact, such as {RUST.version}"
            raise ValueError(message)
        for name in (*self.components, *self.targets):
            if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
                message = f"`{name}` is no name of a component or a target"
                raise ValueError(message)
        if self.source == "distribution" and self.needs_rustup:
            message = "`version`, `components` and `targets` are rustup's; the distribution has one"
            raise ValueError(message)

    @property
    def needs_rustup(self) -> bool:
        """Whether something is asked for that the distribution's packages do not have."""
        return bool(self.version != RUST.version or self.components or self.targets)


@profile
def rust(options: Options, guest: Guest) -> Iterator[Step]:
    """Rust with cargo, clippy and rustfmt, by rustup."""
    by_rustup = (*map(Apt, _RUSTUP), _toolchain(options, guest))
    by_distribution = tuple(map(Apt, _DISTRIBUTION))
    if options.source == "distribution":
        yield from by_distribution
    elif options.source == "any" and not options.needs_rustup:
        yield FirstOf("rust", by_rustup, (*by_distribution, _said_aloud()))
    else:
        yield from by_rustup
    yield from in_every_shell(guest, "rust", path=["~/.cargo/bin"])
    for crate, version in options.tools.items():
        yield Cargo(crate, version)
    yield Check(_HELLO, matches=r"^hello from rust$")


def _toolchain(options: Options, guest: Guest) -> Command:
    """Install the toolchain and make it the one that is used where a repo names none."""
    host = f"{guest.machine}-unknown-linux-gnu"
    components = dict.fromkeys((*_COMPONENTS, *options.components))
    flags = [f"--component={name}" for name in components]
    flags += [f"--target={name}" for name in options.targets]
    script = f"""\
rustup toolchain install {options.version} --profile minimal --no-self-update {join(flags)}
rustup default {options.version}"""
    # What is installed is in a list of names such as `clippy-preview-x86_64-unknown-linux-gnu`.
    listed = '"$toolchain/lib/rustlib/components"'
    tests = [f"grep -q {quote(f'^{name}')} {listed}" for name in components]
    tests += [f"grep -qx {quote(f'rust-std-{name}')} {listed}" for name in options.targets]
    unless = "\n".join(
        [
            "set -e",
            'rustup_home=${RUSTUP_HOME:-"$HOME/.rustup"}',
            f'toolchain="$rustup_home/toolchains/{options.version}-{host}"',
            f'grep -q \'^default_toolchain = "{options.version}-\' "$rustup_home/settings.toml"',
            *tests,
        ]
    )
    return Command(script, unless=unless, name=f"rust {options.version}", run_as="login")


def _said_aloud() -> Command:
    lines = (
        "Rust's own server cannot be reached: this machine has the distribution's Rust, which is",
        'older. `source = "rustup"` under [options.rust] makes that an error.',
    )
    script = "\n".join(f"echo {quote(line)}" for line in lines)
    return Command(script, unless="[ -e /usr/bin/rustc ]", name="the distribution's rust")


_HELLO = """\
cargo --version
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
echo 'fn main() { println!("hello from rust"); }' >hello.rs
rustc hello.rs
./hello"""
