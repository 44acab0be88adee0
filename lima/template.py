"""A machine's lima.yaml, safe by construction: see `templates/lima.yaml.j2` for what is always so.

Pure: the same spec gives the same text. What Lima does with it is checked in `safety.py`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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
