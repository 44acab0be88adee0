"""A machine's lima.yaml, safe by construction: see `templates/lima.yaml.j2` for what is always so.

Pure: the same spec gives the same text. What Lima does with it is checked in `safety.py`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from lima.images import Image
from lima.quoting import LimaTemplated, yaml_scalar
from lima.spec import MachineSpec, check

if TYPE_CHECKING:
    from jinja2 import Template


def render(spec: MachineSpec) -> str:
    """Return the lima.yaml of a machine.

    Raises:
        UnsafeText: a value that Lima refuses or would hand on unquoted.
    """
    check(spec)
    return _template().render(spec=spec)


def image_in(lima_yaml: str, fallback: Image) -> Image:
    """Return the image that an earlier text of `render` names, or `fallback` when there is none."""
    import yaml  # noqa: PLC0415 - for a machine that changes, which is rare

    machine = yaml.safe_load(lima_yaml)
    if not isinstance(machine, dict) or not machine.get("images"):
        return fallback
    first = machine["images"][0]
    kernel = first.get("kernel", {})
    return Image(
        fallback.name,
        first.get("arch", fallback.arch),
        first["location"],
        first.get("digest", ""),
        kernel.get("location", ""),
        first.get("initrd", {}).get("location", ""),
        kernel.get("cmdline", ""),
        machine.get("firmware", {}).get("legacyBIOS", False),
    )


@cache
def _template() -> Template:
    from jinja2 import (  # noqa: PLC0415 - 40 ms that a listing of tasks need not pay
        Environment,
        PackageLoader,
        StrictUndefined,
    )

    environment = Environment(
        loader=PackageLoader("lima", "templates"),
        undefined=StrictUndefined,
        # Not HTML: `finalize` writes every value that is put out as one YAML scalar.
        autoescape=False,  # noqa: S701
        finalize=yaml_scalar,
        keep_trailing_newline=True,
    )
    environment.filters["lima"] = LimaTemplated
    return environment.get_template("lima.yaml.j2")
