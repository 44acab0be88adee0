"""The system user that runs limactl when we are root, since limactl refuses root."""

from __future__ import annotations

import grp
import os
from dataclasses import dataclass
from pathlib import Path

from lima.host import KVM
from lima.process import OnLine, identity, must_run


@dataclass(frozen=True)
class SystemUser:
    """A user without a password or a shell, who owns the machines."""

    user: str
    home: Path = Path("/var/lib/nopal/home")
    """Below a folder of root's, which holds the tools too: the user cannot swap those."""
    name: str = "system user"
    why: str = "runs the machines, because Lima refuses root"

    @property
    def command(self) -> str:
        """The useradd call."""
        return " ".join(self._useradd)

    def is_met(self) -> bool:
        """Whether the user is there, with a home of its own and access to KVM, if any."""
        person = identity(self.user)
        if person is None or person.home != str(self.home) or not self.home.is_dir():
            return False
        has_own_home = self.home.stat().st_uid == person.uid
        is_below_roots = self.home.parent.stat().st_uid == os.getuid()
        return has_own_home and is_below_roots and not self._lacks_kvm()

    def install(self, on_line: OnLine) -> None:
        """Make the user, or what it lacks. Raises `SetupFailed`."""
        person = identity(self.user)
        if person is None:
            must_run(self.name, self._useradd, on_line)
        elif person.home != str(self.home):
            must_run(self.name, ("usermod", "--home", str(self.home), self.user), on_line)
        person = identity(self.user)
        if person is not None:
            self.home.parent.mkdir(parents=True, exist_ok=True)
            os.chown(self.home.parent, os.getuid(), os.getgid())
            self.home.parent.chmod(0o755)
            self.home.mkdir(exist_ok=True)
            self.home.chmod(0o755)
            os.chown(self.home, person.uid, person.gid)
        if self._lacks_kvm():
            must_run(self.name, ("usermod", "-aG", "kvm", self.user), on_line)

    @property
    def _useradd(self) -> tuple[str, ...]:
        shell = next(
            (path for path in ("/usr/sbin/nologin", "/sbin/nologin") if Path(path).exists()),
            "/bin/false",
        )
        return (
            *("useradd", "--system", "--user-group", "--home-dir", str(self.home)),
            *("--no-create-home", "--shell", shell, self.user),
        )

    def _lacks_kvm(self) -> bool:
        person = identity(self.user)
        try:
            group = grp.getgrnam("kvm")
        except KeyError:
            return False
        return KVM.exists() and person is not None and group.gr_gid not in person.groups
