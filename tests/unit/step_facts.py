"""A guest to plan for."""

from __future__ import annotations

from provision.facts import Facts

FACTS = Facts(
    distribution="debian",
    codename="trixie",
    version="13",
    machine="x86_64",
    kernel="6.12.0",
    user="dev",
    home="/home/dev",
    groups=("dev",),
)
