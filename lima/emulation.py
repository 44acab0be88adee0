"""How QEMU is told to emulate a machine where its host has no hardware virtualisation."""

from __future__ import annotations

import re

from lima.host import Machine

_BOARD = {"x86_64": "-machine q35,vmport=off", "aarch64": "-machine virt"}
_FIRST_WITHOUT_FAULT = 8


def emulation(machine: Machine, qemu: str) -> str:
    """Return the options; `qemu` is what `qemu-system-… --version` says, or empty. Pure.

    QEMU before 8.0 leaves garbage in the flags after CMPXCHG16B, when it emulates: among them the
    one that traps each instruction. Linux takes memory by that instruction wherever the processor
    has it, and so emulated kernels crashed now and then.
    """
    version = re.search(r"version (\d+)\.", qemu)
    is_faulty = version is not None and int(version[1]) < _FIRST_WITHOUT_FAULT
    cpu = "max,cx16=off" if is_faulty and machine == "x86_64" else "max"
    # Lima decides for KVM when /dev/kvm is there at all; these come first and so win.
    return f"{_BOARD[machine]} -accel tcg,thread=multi,tb-size=512 -cpu {cpu}"
