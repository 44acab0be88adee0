"""Whether machines run at full speed on this computer."""

from __future__ import annotations

from .finding import Check, Finding, good


def virtualisation_check(why_emulated: str, *, may_not_open_kvm: bool) -> Check:
    """Return the check of how machines run here.

    `why_emulated` is empty where the processor helps. Emulation is slow and no fault; a /dev/kvm
    that one may not open is one.
    """

    def look() -> Finding:
        if not why_emulated:
            return good("by hardware")
        if may_not_open_kvm:
            return Finding(
                False,
                "machines are emulated: you may not open /dev/kvm",
                "sudo usermod -aG kvm $USER   # then log in again",
            )
        return good(f"machines are emulated, which is slow: {why_emulated}")

    return Check("virtualisation", look)
