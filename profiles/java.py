"""A Java development kit: the distribution's OpenJDK, with Maven or Gradle by option.

Debian 13 has 21 and 25, Ubuntu 24.04 has 17, 21 and others: `apt-cache search openjdk` in the
machine tells. The chosen one is what `java`, `javac` and `JAVA_HOME` mean, whichever else there is.

Projects with a wrapper (`mvnw`, `gradlew`) bring the build tool of their own version and need no
option here. Debian's Gradle is 4.4.1, kept for packages of that age.

Java has its own list of authorities: those that the host trusts are added to it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Apt, Block, Check, Command, Step

from .guest import Guest
from .profile import profile
from .shell_hooks import in_every_shell

_KEYSTORE = "/etc/ssl/certs/java/cacerts"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `java`."""

    version: int = 21
    """The major version, such as `21`; the distribution brings its updates."""
    headless: bool = True
    """Without what windows and sound need."""
    maven: bool = False
    """The distribution's Maven."""
    gradle: bool = False
    """The distribution's Gradle."""


@profile
def java(options: Options, guest: Guest) -> Iterator[Step]:
    """OpenJDK of the distribution, chosen for `java` and JAVA_HOME."""
    package = f"openjdk-{options.version}-jdk"
    yield Apt(f"{package}-headless" if options.headless else package)
    if options.maven:
        yield Apt("maven")
    if options.gradle:
        yield Apt("gradle")
    home = f"/usr/lib/jvm/java-{options.version}-openjdk-{guest.arch}"
    yield _chosen(home)
    if guest.extra_ca:
        yield _trust()
    yield Block("/etc/environment", f'JAVA_HOME="{home}"\n', marker="java")
    yield from in_every_shell(guest, "java", variables={"JAVA_HOME": home})
    yield Check(_HELLO, matches=rf"^hello from {options.version}\b")
    if options.maven:
        yield Check("mvn --batch-mode --version", matches=r"^Apache Maven \d")
    if options.gradle:
        yield Check("gradle --version", matches=r"^Gradle \d")


def _chosen(home: str) -> Command:
    """Let the commands mean this kit, as `update-alternatives` keeps it."""
    programs = "for name in jar java javac javadoc jshell keytool; do"
    return Command(
        f'{programs} update-alternatives --set "$name" {home}/bin/"$name"; done',
        unless=f'{programs} [ "$(readlink /etc/alternatives/$name)" = {home}/bin/"$name" ]'
        " || exit 1; done",
        name=f"java means {home}",
    )


def _trust() -> Command:
    """Add the host's authorities: they may be newer than the list that the package made."""
    certificates = "/usr/local/share/ca-certificates -name 'nopal-*.crt'"
    return Command(
        # The hook by which update-ca-certificates tells Java of what is new.
        "printf '+%s\\n' /etc/ssl/certs/nopal-*.pem | /etc/ca-certificates/update.d/jks-keystore\n"
        f"touch {_KEYSTORE}",
        unless=f'[ -e {_KEYSTORE} ] && [ -z "$(find {certificates} -newer {_KEYSTORE})" ]',
        name="java trusts the host's authorities",
    )


_HELLO = """\
javac -version
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
cat >Hello.java <<'.'
class Hello {
    public static void main(String[] words) {
        System.out.println("hello from " + Runtime.version());
    }
}
.
javac Hello.java
java Hello"""
