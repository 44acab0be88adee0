"""A profile made of nopal's steps and one of its own."""

from __future__ import annotations

from collections.abc import Iterator

from alternative import Alternative
from msgspec import Struct

from nopal import Apt, Check, Guest, Step, ns, profile


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `jdk`."""

    version: int = 21
    headless: bool = True


@profile()
def jdk(options: Options, guest: Guest) -> Iterator[Step]:
    """A Java development kit, chosen among those that are installed."""
    package = f"openjdk-{options.version}-jdk"
    yield Apt(f"{package}-headless" if options.headless else package)
    for command in ("java", "javac"):
        path = f"/usr/lib/jvm/java-{options.version}-openjdk-{{arch}}/bin/{command}"
        yield Alternative(command, path)
    yield Check("javac -version", matches=rf"^javac {options.version}\b")


ns.add_collection(jdk)
