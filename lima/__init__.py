"""Virtual machines through Lima: templates, limactl, images, and getting Lima onto a host.

Knows nothing of projects, profiles or provisioning. Names are imported when they are first used, so
that `import lima` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lima.driver import LimaDriver as LimaDriver
    from lima.driver import Limits as Limits
    from lima.errors import LimaError as LimaError
    from lima.host import Host as Host
    from lima.host import detect as detect
    from lima.images import Image as Image
    from lima.images import catalogue as catalogue
    from lima.images import own_image as own_image
    from lima.instance import Instance as Instance
    from lima.limactl import Limactl as Limactl
    from lima.paths import LimaPaths as LimaPaths
    from lima.safety import assert_safe as assert_safe
    from lima.setup import Requirement as Requirement
    from lima.setup import ensure_image as ensure_image
    from lima.setup import missing as missing
    from lima.setup import requirements as requirements
    from lima.spec import MachineSpec as MachineSpec
    from lima.spec import Mount as Mount
    from lima.spec import PortForward as PortForward
    from lima.template import render as render

_HOMES = {
    "LimaDriver": "driver",
    "Limits": "driver",
    "LimaError": "errors",
    "Host": "host",
    "detect": "host",
    "Image": "images",
    "catalogue": "images",
    "own_image": "images",
    "Instance": "instance",
    "Limactl": "limactl",
    "LimaPaths": "paths",
    "assert_safe": "safety",
    "Requirement": "setup",
    "ensure_image": "setup",
    "missing": "setup",
    "requirements": "setup",
    "MachineSpec": "spec",
    "Mount": "spec",
    "PortForward": "spec",
    "render": "template",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 (the names are those of the table)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module 'lima' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"lima.{_HOMES[name]}"), name)
