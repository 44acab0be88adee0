"""All Debian packages that are installed, at the newest version of their repositories."""

from __future__ import annotations

from dataclasses import dataclass

from ..facts import Facts
from ..step import Change, Step
from .apt import APT_FUNCTIONS, STAMP

_FRESH_MIN = 10
"""For how many minutes package lists count as the newest there are."""
# New packages come along where a newer version needs them, as each new kernel does. What could only
# be upgraded by removing something is kept back; what a person holds stays.
_UPGRADE = "upgrade --with-new-pkgs --no-install-recommends"


@dataclass(frozen=True)
class AptUpgrade(Step):
    """Every installed package at its newest version, by lists of a few minutes ago.

    Nothing is removed, nothing is asked, and configuration files that were edited stay as they are.
    State: `fresh` where the lists are, then the packages that `apt-get upgrade` would install, one
    a line.
    """

    kind = "apt-upgrade"
    merges_after = ("apt-repository",)

    @property
    def name(self) -> str:
        """What is upgraded."""
        return "all"

    def probe(self) -> str:
        """Let apt say what it would do; where it cannot, nothing counts as fresh."""
        return f"""\
nopal_pending=$(apt-get --simulate -q {_UPGRADE}) || exit
[ -z "$(find {STAMP} -mmin -{_FRESH_MIN})" ] || echo fresh
printf '%s\\n' "$nopal_pending" | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p'"""

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Read the lists anew and upgrade."""
        del facts
        if state == "fresh":
            return None
        script = f"""\
{APT_FUNCTIONS}
nopal_refresh
nopal_unasked dpkg --force-confdef --force-confold --configure -a
nopal_apt {_UPGRADE}"""
        return Change("bring the Debian packages to their newest versions", script)
