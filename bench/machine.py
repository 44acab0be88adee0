"""What this computer is, in words that fit many others."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .peers import VENVS
from .results import Machine
from .tools import Installation

VERSIONS = """\
import json, platform
from importlib.metadata import version
names = ("fabric", "invoke", "paramiko")
print(json.dumps({"Python": platform.python_version(), **{n: version(n) for n in names}}))
"""


def describe(nopal: Installation, load_before: float) -> Machine:
    """Look at this computer now that the run is over."""
    processor = Path("/proc/cpuinfo").read_text()
    facts = platform.freedesktop_os_release()
    pins = dict(pin.split("==") for venv in VENVS for pin in venv.packages)
    ours = json.loads(_output([nopal.python, "-c", VERSIONS]))
    return Machine(
        cores=os.cpu_count() or 1,
        processor=platform.machine(),
        system=f"{facts.get('NAME', 'Linux')} {facts.get('VERSION_ID', '')}".strip(),
        is_virtual=" hypervisor" in processor,
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        versions={
            "OpenSSH": _output(["ssh", "-V"]).split(",")[0].split()[0].removeprefix("OpenSSH_"),
            **ours,
            **pins,
        },
        load=(load_before, os.getloadavg()[0]),
    )


def _output(words: Sequence[str]) -> str:
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    return ended.stdout + ended.stderr
