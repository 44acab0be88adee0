"""What can go wrong between this host and Lima."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lima.advice import with_advice


class LimaError(Exception):
    """Base of all errors of this room."""


@dataclass(eq=False)
class UnsafeText(LimaError):
    """A text cannot be part of a machine's template."""

    field: str
    text: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.text!r} cannot be the machine's {self.field}: {self.allowed}."


@dataclass(eq=False)
class LimactlMissing(LimaError):
    """No usable limactl is on this host."""

    found: str = ""
    """What the one that is there says of its version."""

    def __str__(self) -> str:
        if self.found:
            return (
                f"The limactl here is too old ({self.found}): nopal wants 2.2.0.\nRun `inv setup`."
            )
        return "There is no limactl (Lima 2.2.0 or newer) on this host.\nRun `inv setup`."


@dataclass(eq=False)
class LimactlFailed(LimaError):
    """A limactl command ended with an error."""

    command: str
    status: int
    detail: str

    def __str__(self) -> str:
        return with_advice(f"`limactl {self.command}` failed ({self.status}): {self.detail}")


@dataclass(eq=False)
class UnreadableAnswer(LimaError):
    """The output of limactl is not what this version of nopal understands."""

    command: str
    detail: str

    def __str__(self) -> str:
        return (
            f"`limactl {self.command}` answered something unexpected: {self.detail}\n"
            "Run `limactl --version`: 2.2 is the version that nopal was made for."
        )


@dataclass(eq=False)
class InstanceNotFound(LimaError):
    """There is no machine of this name."""

    name: str

    def __str__(self) -> str:
        return f"There is no machine `{self.name}`.\nRun `inv up -p {self.name}` to make it."


@dataclass(eq=False)
class InstanceProtected(LimaError):
    """The machine is protected against removal."""

    name: str

    def __str__(self) -> str:
        return f"Machine `{self.name}` is protected, so it is neither deleted nor remade."


@dataclass(eq=False)
class InstanceUnrepairable(LimaError):
    """What is left of an interrupted creation cannot be removed safely."""

    name: str
    directory: Path

    def __str__(self) -> str:
        return (
            f"Machine `{self.name}` is only half there, and Lima does not know what it is.\n"
            f"Look into {self.directory}; remove it if nothing in it is worth keeping."
        )


@dataclass(eq=False)
class StartFailed(LimaError):
    """A machine did not get as far as being ready."""

    name: str
    reason: str
    log: Path

    def __str__(self) -> str:
        said = f"Machine `{self.name}` did not start: {self.reason}"
        again = f"The whole log is in {self.log}; `inv up -p {self.name}` tries again."
        return with_advice(said, again)


@dataclass(eq=False)
class HostDiskFull(LimaError):
    """A machine is halted, since this computer's disk has no room for what it writes."""

    name: str
    folder: Path

    def __str__(self) -> str:
        return with_advice(
            f"Machine `{self.name}` is halted: no space left on device, at {self.folder}."
        )


@dataclass(eq=False)
class UnsafeInstance(LimaError):
    """A machine has more of its host, or other rules, than its project asks for."""

    name: str
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Machine `{self.name}` is not as its project asks: {'; '.join(self.differences)}.\n"
            f"Run `inv restart -p {self.name}`; if that does not help, `inv destroy` and `inv up`."
        )


@dataclass(eq=False)
class ImageUnavailable(LimaError):
    """The disk image of a machine can neither be had nor be built here."""

    name: str
    reason: str

    def __str__(self) -> str:
        return (
            f"The image `{self.name}` cannot be had: {self.reason}\n"
            "Set `image` to a path or URL of a cloud image with its digest: `…#sha256:…`."
        )


@dataclass(eq=False)
class SetupFailed(LimaError):
    """Something that the host lacks could not be installed."""

    requirement: str
    command: str
    detail: str

    def __str__(self) -> str:
        return f"{self.requirement} could not be installed: {self.detail}\nBy hand: {self.command}"


@dataclass(eq=False)
class DiskFailed(LimaError):
    """A disk file could not be made or copied."""

    command: str
    reason: str

    def __str__(self) -> str:
        return with_advice(f"`{self.command}` failed: {self.reason}")


@dataclass(eq=False)
class QmpFailed(LimaError):
    """QEMU refused a command of its monitor, or gave no answer."""

    command: str
    reason: str

    def __str__(self) -> str:
        return f"QEMU failed at `{self.command}`: {self.reason}"


@dataclass(eq=False)
class ResumeFailed(LimaError):
    """The memory that is kept with a golden is of no use for a machine."""

    reason: str

    def __str__(self) -> str:
        return self.reason
