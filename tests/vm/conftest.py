from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from person import Person
from survivor import BYSTANDER, NAME, PROJECT, Survivor

from lima.driver import LimaDriver
from lima.errors import LimactlMissing
from lima.host import detect
from lima.images import Image, catalogue
from lima.paths import LimaPaths
from lima.process import identity
from lima.spec import MachineSpec
from nopal.host_setup import HostSetup
from nopal.workspace import Workspace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.vm)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where machines are required, a test of them that is skipped for any reason has failed."""
    report = yield
    if report.skipped and os.environ.get("NOPAL_REQUIRE_VM") and item.get_closest_marker("vm"):
        report.outcome = "failed"
        report.longrepr = f"NOPAL_REQUIRE_VM is set, but the test was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def host_is_set_up() -> None:
    """Skip what needs machines on a host that cannot run them."""
    workspace = Workspace.open()
    image = catalogue("debian-13", detect().machine)
    lacking = HostSetup(workspace, [image], may_install=False).missing()
    if lacking:
        pytest.skip(f"no machines here: {', '.join(one.name for one in lacking)}; run `inv setup`")


@pytest.fixture(scope="session")
def place(host_is_set_up: None) -> Iterator[Path]:
    """A folder that every user may look into, with a short path for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="nopal-vm-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def driver(host_is_set_up: None) -> Iterator[LimaDriver]:
    """A LIMA_HOME of its own, for machines that are never started."""
    host = detect()
    if not shutil.which("qemu-img"):
        pytest.skip("no qemu-img on this host: run `inv setup`")
    # Not pytest's tmp_path: it is too long for Lima's sockets, and closed to the system user.
    folder = Path(tempfile.mkdtemp(prefix="nopal-"))
    folder.chmod(0o755)
    person = identity("nopal") if host.is_root else None
    if person is not None:
        os.chown(folder, person.uid, person.gid)
    tools = Path("/var/lib/nopal/tools") if host.is_root else Path.home() / ".nopal/tools"
    paths = LimaPaths(folder / "l", tools, folder / "i", "nopal" if host.is_root else None)
    try:
        yield LimaDriver.on(paths, host, os.environ)
    except LimactlMissing:
        pytest.skip("no limactl on this host: run `inv setup`")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def spec(driver: LimaDriver) -> MachineSpec:
    disk = driver.paths.home.parent / "disk.qcow2"
    subprocess.run(("qemu-img", "create", "-q", "-f", "qcow2", str(disk), "1G"), check=True)
    image = Image("empty", driver.host.machine, str(disk), legacy_bios=True)
    return MachineSpec(
        name="blog", image=image, vm_type="qemu", machine=driver.host.machine, disk_gib=2
    )


@pytest.fixture(scope="session")
def survivor(place: Path) -> Iterator[Survivor]:
    """The machine that tests kill and starve; each of them leaves it running and well."""
    survivor = Survivor(Person(place / "max"))
    survivor.person.projects_file.parent.mkdir(parents=True)
    survivor.person.projects_file.write_text(PROJECT)
    try:
        survivor.make_bystander()
        survivor.inv("up", "--yes")
        yield survivor
    finally:
        for name in (NAME, BYSTANDER):
            survivor.person.inv("destroy", "--yes", "-p", name, status=None)
