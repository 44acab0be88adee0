"""Getting onto a host what machines need: QEMU, Lima, a system user, an image.

Each requirement says whether it is met without changing anything, and can be installed; what an
interrupted installation left is repaired by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lima.host import Host
from lima.image_build import REPLACES
from lima.images import Image
from lima.paths import LimaPaths
from lima.setup.image import ImageRequirement, ImageTools, ensure_image
from lima.setup.lima import LimaProgram, find_limactl
from lima.setup.packages import qemu
from lima.setup.requirement import Requirement
from lima.setup.user import SystemUser

__all__ = ["Requirement", "ensure_image", "find_limactl", "missing", "requirements"]


def requirements(
    host: Host, paths: LimaPaths, image: Image | None, environment: Mapping[str, str]
) -> tuple[Requirement, ...]:
    """Return all that this host needs, in the order in which it is to be got.

    `image` is what the machine to be made starts from; None when none is to be made.
    """
    found: list[Requirement] = []
    if host.system == "Linux":
        found.append(qemu(host))
    if paths.user is not None:
        found.append(SystemUser(paths.user))
    found.append(LimaProgram(paths, host, environment))
    if image is not None:
        wanted = ImageRequirement(image, paths, host, environment)
        if image.name == REPLACES and host.is_debian_family and image.is_remote:
            found.append(ImageTools(wanted))
        found.append(wanted)
    return tuple(found)


def missing(wanted: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return those of `wanted` that are not met."""
    return tuple(requirement for requirement in wanted if not requirement.is_met())
