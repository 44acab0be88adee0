from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lima.errors import LimactlMissing
from lima.host import detect
from lima.limactl import Limactl, LimactlProcess
from lima.paths import LimaPaths
from lima.process import identity
from lima.setup.lima import find_limactl

GOLDEN = Path(__file__).parents[1] / "unit" / "golden" / "lima"


@pytest.fixture(scope="module")
def home(host_is_set_up: None) -> Iterator[Path]:
    # Not pytest's tmp_path: the system user cannot look into it.
    folder = Path(tempfile.mkdtemp(prefix="nopal-lima-"))
    person = identity("nopal") if os.geteuid() == 0 else None
    if person is not None:
        os.chown(folder, person.uid, person.gid)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def limactl(home: Path) -> Limactl:
    host = detect()
    tools = Path("/var/lib/nopal/tools") if host.is_root else Path.home() / ".nopal/tools"
    paths = LimaPaths(home, tools, home, "nopal" if host.is_root else None)
    try:
        executable = find_limactl(paths, host, os.environ)
    except LimactlMissing:
        pytest.skip("no limactl on this host: run `inv setup`")
    return Limactl(LimactlProcess(executable, paths, host, os.environ))


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_lima_itself_accepts_every_golden_template(
    golden: Path, limactl: Limactl, home: Path
) -> None:
    file = home / golden.name
    shutil.copyfile(golden, file)
    limactl.validate(file)
    filled = limactl.run(("template", "copy", "--fill", str(file), "-"))
    assert filled.status == 0
    assert "Non-strict" not in filled.stderr
