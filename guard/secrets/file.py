"""A file of this computer as a secret."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import answers
from .provider import Checked, ProviderFailed, Tools, Values

PLACE = re.compile(r"(/|~/)[^\x00-\x1f\x7f#]+")
_LARGEST = 1024 * 1024


class File:
    """Its whole text; of one line without the newline."""

    scheme = "file"
    form = PLACE
    example = "file://~/FILE or file:///FILE"
    has_keys = False
    has_slashes = True

    def check(self, tools: Tools) -> Checked:
        """See Provider."""
        del tools
        return Checked(True, "files need no program")

    def fetch(self, paths: Sequence[str], tools: Tools) -> Mapping[str, Values | ProviderFailed]:
        """See Provider."""
        return {path: _read(place(path, tools)) for path in paths}


def place(path: str, tools: Tools) -> Path:
    """Return where a path that may begin with `~/` is."""
    return tools.home / path[2:] if path.startswith("~/") else Path(path)


def _read(path: Path) -> Values | ProviderFailed:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
            return ProviderFailed(f"{path} is no file of a secret's size")
        return answers.main(answers.one_text(path.read_bytes().decode()))
    except UnicodeDecodeError:
        return ProviderFailed(f"{path} is no UTF-8 text")
    except OSError as error:
        return ProviderFailed(f"{path}: {error.strerror}")
