from __future__ import annotations

import os
import subprocess
import sys

import pytest

SAYS = """
import sys
sys.dont_write_bytecode = True
import nopal.tasks
print(sys.dont_write_bytecode)
"""


@pytest.mark.parametrize(("flags", "said"), [((), "False"), (("-B",), "True")])
def test_what_nopal_is_compiled_to_is_kept_though_invoke_would_not(
    flags: tuple[str, ...], said: str
) -> None:
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, *flags, "-c", SAYS],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == said
