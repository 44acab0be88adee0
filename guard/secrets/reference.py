"""References: where a secret is, in one text that is none itself. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import GuardError
from .provider import Provider

_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z-]{0,15}):(?P<slashes>//)?(?P<rest>.*)", re.DOTALL)
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}|\*")
_LONGEST = 1000


@dataclass(frozen=True)
class Reference:
    """One place of one provider."""

    provider: Provider
    path: str
    """What the provider is asked for."""
    key: str = ""
    """Which of the values that are there; "" means the one of the variable's own name."""

    def __str__(self) -> str:
        slashes = "//" if self.provider.has_slashes else ""
        key = f"#{self.key}" if self.key else ""
        return f"{self.provider.scheme}:{slashes}{self.path}{key}"


@dataclass(eq=False)
class BadReference(GuardError):
    """A text that refers to no secret. It may be one, so it is not shown."""

    allowed: str
    nearest: str = ""
    exit_status = 2

    def __str__(self) -> str:
        hint = f"; did you mean `{self.nearest}`?" if self.nearest else ""
        return f"a text refers to no secret\n  allowed: {self.allowed}{hint}"


def parse_reference(text: str, providers: Mapping[str, Provider]) -> Reference:
    """Return the reference that `text` is.

    Raises:
        BadReference: no provider has such references.
    """
    found = _SCHEME.fullmatch(text)
    if found is None or len(text) > _LONGEST:
        raise BadReference("PROVIDER://PLACE, such as op://Work/npm/token")
    provider = providers.get(found["scheme"])
    if provider is None:
        near = difflib.get_close_matches(found["scheme"], providers, 1)
        schemes = ", ".join(providers)
        raise BadReference(f"references of {schemes}", near[0] if near else "")
    path, hash_sign, key = found["rest"], "", ""
    if provider.has_keys:
        path, hash_sign, key = found["rest"].partition("#")
    is_right = (
        bool(found["slashes"]) == provider.has_slashes
        and provider.form.fullmatch(path) is not None
        and not (provider.has_slashes and ".." in path.split("/"))
        and (not hash_sign or _KEY.fullmatch(key) is not None)
    )
    if not is_right:
        raise BadReference(f"the form {provider.example}")
    return Reference(provider, path, key)
