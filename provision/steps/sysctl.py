"""Settings of the kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..facts import Facts
from ..shell import quote
from ..step import Change, Step
from .write import write_file

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")


@dataclass(frozen=True)
class Sysctl(Step):
    """A kernel setting, now and after a reboot; it has a file of its own in /etc/sysctl.d.

    State: the running value, then the file's line. Blanks within a value count as one.
    """

    kind = "sysctl"

    key: str
    value: str

    def __post_init__(self) -> None:
        """Refuse what is no key, or a value of several lines."""
        if not _KEY.fullmatch(self.key) or ".." in self.key or "\n" in self.value:
            message = f"no kernel setting: {self.key!r} = {self.value!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The key as sysctl writes it."""
        return self.key

    @property
    def path(self) -> str:
        """The file that sets it at boot."""
        return f"/etc/sysctl.d/60-nopal-{self.key.replace('/', '.')}.conf"

    @property
    def node(self) -> str:
        """The kernel's own file for it; a key with a slash has no other separators."""
        key = self.key if "/" in self.key else self.key.replace(".", "/")
        return f"/proc/sys/{key}"

    def probe(self) -> str:
        """Read both files.

        Not by `read`: dash takes a byte at a time, and the kernel gives only one read of these.
        """
        return "\n".join(
            f"nopal_v=; if [ -r {quote(file)} ]; then nopal_v=$(cat {quote(file)}); fi\n"
            'printf "%s\\n" "$nopal_v"'
            for file in (self.node, self.path)
        )

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Write the file for the next boot, and the value for now."""
        del facts
        running, _, line = state.partition("\n")
        is_now = running.split() == self.value.split()
        wanted = f"{self.key} = {self.value}"
        if is_now and line.strip() == wanted:
            return None
        script = write_file(self.path, wanted + "\n", mode="0644", owner="root")
        script += f"\nprintf '%s\\n' {quote(self.value)} >{quote(self.node)}"
        return Change(f"set {wanted}", script)
