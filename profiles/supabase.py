"""Supabase's command line, which runs a whole Supabase in Docker: `supabase start`.

From npm: the package of each version brings the program for the machine's architecture, and npm
checks it against the registry's hash. The images of `supabase start` are pulled when a person or an
agent starts it, several GB of them.

No credential is written: `supabase login` inside, or SUPABASE_ACCESS_TOKEN in the environment.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from provision import Check, Npm, Step

from .pin import Pin
from .profile import profile

SUPABASE = Pin("supabase", "3.1.0", registry="npm", package="supabase")
PINS = (SUPABASE,)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `supabase`."""

    version: str = SUPABASE.version
    """An exact version of the npm package, or `latest`."""


@profile(requires=["docker", "node"])
def supabase(options: Options) -> Iterator[Step]:
    """Supabase's command line at a pinned version."""
    yield Npm(SUPABASE.package, options.version)
    yield Check("supabase --version", matches=r"^v?\d+\.\d+\.\d+")
