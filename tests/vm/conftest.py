from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lima.host import detect
from lima.images import catalogue
from nopal.host_setup import HostSetup
from nopal.workspace import Workspace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.vm)


@pytest.fixture(scope="session")
def host_is_set_up() -> None:
    """Skip what needs machines on a host that cannot run them; where they must run, fail."""
    workspace = Workspace.open()
    image = catalogue("debian-13", detect().machine)
    lacking = HostSetup(workspace, [image], may_install=False).missing()
    if lacking:
        reason = f"no machines here: {', '.join(one.name for one in lacking)}; run `inv setup`"
        if os.environ.get("NOPAL_REQUIRE_VM"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def place(host_is_set_up: None) -> Iterator[Path]:
    """A folder that every user may look into, with a short path for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="nopal-vm-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
