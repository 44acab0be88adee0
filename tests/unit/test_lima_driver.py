from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lima.driver import LimaDriver
from lima.errors import (
    ImageUnavailable,
    InstanceNotFound,
    InstanceProtected,
    InstanceUnrepairable,
    LimactlFailed,
    StartFailed,
)
from lima.host import Host
from lima.image_build import Recipe
from lima.images import Image, catalogue
from lima.limactl import Limactl
from lima.paths import LimaPaths
from lima.process import Completed, OnLine
from lima.spec import MachineSpec
from lima.template import render

HOST = Host("Linux", "x86_64", has_hardware_virtualisation=False)
BLOG = MachineSpec(
    name="blog", image=catalogue("debian-13", "x86_64"), vm_type="qemu", machine="x86_64"
)


@dataclass
class FakeLima:
    """A LIMA_HOME on disk and a limactl that does to it what the real one would."""

    home: Path
    fails: dict[str, str] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    protected: set[str] = field(default_factory=set)

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        input_text: str = "",
        on_line: OnLine | None = None,
        qemu_options: Sequence[str] = (),
        keeps_git: Sequence[Path] = (),
    ) -> Completed:
        verb, *rest = arguments
        self.calls.append(tuple(arguments))
        if verb in self.fails:
            return Completed(1, "", f'{{"level":"fatal","msg":"{self.fails[verb]}"}}')
        act: Callable[[list[str], str], str] = getattr(self, f"_{verb}")
        return Completed(0, act(rest, input_text))

    def add(self, name: str, *files: str, status: str = "Stopped") -> Path:
        folder = self.home / name
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).touch()
        self.status[name] = status
        return folder

    def _list(self, _rest: list[str], _text: str) -> str:
        return "\n".join(self._line(folder) for folder in sorted(self.home.iterdir()))

    def _line(self, folder: Path) -> str:
        record: dict[str, object] = {
            "name": folder.name,
            "dir": str(folder),
            "status": self.status.get(folder.name, "Stopped"),
            "sshLocalPort": 60022,
            "protected": folder.name in self.protected,
        }
        if (folder / "lima.yaml").exists():
            record["config"] = {"user": {"name": "dev"}}
        return json.dumps(record)

    def _create(self, rest: list[str], text: str) -> str:
        name = rest[0].removeprefix("--name=")
        folder = self.add(name, "disk")
        (folder / "lima.yaml").write_text(text, encoding="utf-8")
        return ""

    def _clone(self, rest: list[str], _text: str) -> str:
        folder = self.add(rest[-1], "disk")
        source = self.home / rest[-2] / "lima.yaml"
        (folder / "lima.yaml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        return ""

    def _start(self, rest: list[str], _text: str) -> str:
        self.status[rest[-1]] = "Running"
        return ""

    def _stop(self, rest: list[str], _text: str) -> str:
        self.status[rest[-1]] = "Stopped"
        return ""

    def _delete(self, rest: list[str], _text: str) -> str:
        for file in (self.home / rest[-1]).iterdir():
            file.unlink()
        (self.home / rest[-1]).rmdir()
        return ""

    @property
    def verbs(self) -> list[str]:
        return [call[0] for call in self.calls]


@pytest.fixture
def lima(tmp_path: Path) -> FakeLima:
    home = tmp_path / "lima"
    home.mkdir()
    return FakeLima(home)


@pytest.fixture
def driver(lima: FakeLima) -> LimaDriver:
    paths = LimaPaths(lima.home, lima.home.parent / "tools", lima.home.parent / "images")
    return LimaDriver(Limactl(lima), paths, HOST, sleep=lambda _: None)


def test_a_new_machine_is_created_from_its_template(driver: LimaDriver, lima: FakeLima) -> None:
    driver.create(BLOG)
    assert (lima.home / "blog" / "lima.yaml").read_text(encoding="utf-8") == render(BLOG)


def test_creating_a_machine_that_is_whole_changes_nothing(
    driver: LimaDriver, lima: FakeLima
) -> None:
    driver.create(BLOG)
    driver.create(BLOG)
    assert lima.verbs == ["list", "create", "list"]


@pytest.mark.parametrize(
    "left",
    [("lima.yaml",), ("lima.yaml", "image")],
    ids=["no image yet", "half of the image"],
)
def test_what_an_interrupted_creation_left_is_made_anew(
    driver: LimaDriver, lima: FakeLima, left: tuple[str, ...]
) -> None:
    lima.add("blog", *left)
    driver.create(BLOG)
    assert lima.verbs == ["list", "delete", "create"]
    assert (lima.home / "blog" / "disk").exists()


def test_an_empty_folder_is_in_nobodys_way(driver: LimaDriver, lima: FakeLima) -> None:
    lima.add("blog", status="Broken")
    driver.create(BLOG)
    assert lima.verbs == ["list", "create"]


def test_a_machine_with_a_disk_is_never_remade_whatever_lima_thinks_of_it(
    driver: LimaDriver, lima: FakeLima
) -> None:
    lima.add("blog", "disk", status="")
    driver.create(BLOG)
    assert lima.verbs == ["list"]


def test_a_folder_that_lima_does_not_know_is_never_removed_with_content(
    driver: LimaDriver, lima: FakeLima
) -> None:
    folder = lima.add("blog", "notes", status="Broken")
    with pytest.raises(InstanceUnrepairable):
        driver.create(BLOG)
    with pytest.raises(InstanceUnrepairable):
        driver.delete("blog")
    assert (folder / "notes").exists()


def test_a_list_that_fails_never_means_that_there_is_no_machine(
    driver: LimaDriver, lima: FakeLima
) -> None:
    folder = lima.add("blog", "lima.yaml", "disk")
    lima.fails["list"] = "no such directory"
    for act in (driver.list, lambda: driver.instance("blog"), lambda: driver.create(BLOG)):
        with pytest.raises(LimactlFailed):
            act()
    with pytest.raises(LimactlFailed):
        driver.delete("blog")
    assert (folder / "disk").exists()
    assert set(lima.verbs) == {"list"}


@pytest.mark.parametrize("name", ["", ".", "..", "../blog", "_config", "-f", "blog/"])
def test_only_a_name_that_limactl_has_listed_is_removed(
    driver: LimaDriver, lima: FakeLima, name: str
) -> None:
    lima.add("blog", "lima.yaml", "disk")
    with pytest.raises(InstanceNotFound):
        driver.delete(name)
    assert lima.verbs == ["list"]


def test_a_protected_machine_is_neither_deleted_nor_remade(
    driver: LimaDriver, lima: FakeLima
) -> None:
    lima.add("blog", "lima.yaml")
    lima.protected.add("blog")
    with pytest.raises(InstanceProtected):
        driver.delete("blog")
    with pytest.raises(InstanceProtected):
        driver.create(BLOG)


def test_an_unknown_machine_is_never_started(driver: LimaDriver, lima: FakeLima) -> None:
    # `limactl start NAME` would make one that mounts the host's home.
    with pytest.raises(InstanceNotFound):
        driver.start("blog")
    assert lima.verbs == ["list"]


def test_an_emulated_machine_gets_more_time(driver: LimaDriver, lima: FakeLima) -> None:
    lima.add("blog", "lima.yaml", "disk")
    driver.start("blog")
    assert lima.calls[-1] == ("start", "--tty=false", "--timeout=2400s", "blog")


def test_half_a_running_machine_is_stopped_before_it_is_started(
    driver: LimaDriver, lima: FakeLima
) -> None:
    lima.add("blog", "lima.yaml", "disk", status="Broken")
    driver.start("blog")
    assert lima.verbs == ["list", "stop", "start"]
    assert "--force" in lima.calls[1]


def test_a_failed_start_shows_the_last_words_of_the_host_agent(
    driver: LimaDriver, lima: FakeLima
) -> None:
    folder = lima.add("blog", "lima.yaml", "disk")
    (folder / "ha.stderr.log").write_text(
        '{"level":"info","msg":"fine"}\n{"level":"fatal","msg":"no space left on device"}\n',
        encoding="utf-8",
    )
    lima.fails["start"] = "exiting, status={Running:false}"
    with pytest.raises(StartFailed) as failed:
        driver.start("blog")
    assert "no space left on device" in failed.value.reason
    assert failed.value.log == folder / "ha.stderr.log"


def test_starting_a_machine_that_boots_waits_until_it_is_ready(lima: FakeLima) -> None:
    folder = lima.add("blog", "lima.yaml", "disk", status="Running")
    events = folder / "ha.stdout.log"
    events.write_text('{"status":{"sshLocalPort":60022}}\n', encoding="utf-8")
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) > 1:
            events.write_text('{"status":{"running":true}}\n', encoding="utf-8")

    paths = LimaPaths(lima.home, lima.home, lima.home)
    LimaDriver(Limactl(lima), paths, HOST, sleep=nap).start("blog")
    assert len(naps) > 1
    assert "start" not in lima.verbs


def test_a_machine_that_never_gets_ready_is_given_up(lima: FakeLima) -> None:
    lima.add("blog", "lima.yaml", "disk", status="Running")
    ticks = iter(range(0, 100_000, 1000))
    paths = LimaPaths(lima.home, lima.home, lima.home)
    driver = LimaDriver(
        Limactl(lima), paths, HOST, sleep=lambda _: None, clock=lambda: float(next(ticks))
    )
    with pytest.raises(StartFailed):
        driver.start("blog")


def test_stopping_a_stopped_machine_does_nothing(driver: LimaDriver, lima: FakeLima) -> None:
    lima.add("blog", "lima.yaml", "disk")
    driver.stop("blog")
    assert lima.verbs == ["list"]


def test_half_a_running_machine_is_stopped_by_force(driver: LimaDriver, lima: FakeLima) -> None:
    lima.add("blog", "lima.yaml", "disk", status="Broken")
    driver.stop("blog")
    assert lima.calls[-1] == ("stop", "--force", "blog")


def test_a_stopped_machine_takes_a_changed_template(driver: LimaDriver, lima: FakeLima) -> None:
    driver.create(BLOG)
    changed = replace(BLOG, ports="auto", cpus=8)
    assert driver.update(changed) is True
    assert driver.update(changed) is False
    assert (lima.home / "blog" / "lima.yaml").read_text(encoding="utf-8") == render(changed)


def test_a_machine_keeps_the_image_it_was_made_from(driver: LimaDriver, lima: FakeLima) -> None:
    own = Recipe("x86_64").image(Path("/images"))
    replace(driver, find_image=lambda _: own).create(BLOG)
    assert driver.update(BLOG) is False
    assert driver.update(replace(BLOG, cpus=8)) is True
    text = (lima.home / "blog" / "lima.yaml").read_text(encoding="utf-8")
    assert text == render(replace(BLOG, cpus=8, image=own))


def test_a_machine_that_is_there_asks_for_no_image(driver: LimaDriver, lima: FakeLima) -> None:
    def gone(image: Image) -> Image:
        raise ImageUnavailable(image.name, "offline")

    offline = replace(driver, find_image=gone)
    with pytest.raises(ImageUnavailable):
        offline.create(BLOG)
    driver.create(BLOG)
    offline.create(BLOG)
    assert offline.update(replace(BLOG, cpus=8)) is True


def test_a_link_in_place_of_a_template_is_not_followed(
    driver: LimaDriver, lima: FakeLima, tmp_path: Path
) -> None:
    driver.create(BLOG)
    precious = tmp_path / "precious"
    precious.write_text("a: b", encoding="utf-8")
    (lima.home / "blog" / "lima.yaml").unlink()
    (lima.home / "blog" / "lima.yaml").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"):
        driver.update(BLOG)
    assert precious.read_text(encoding="utf-8") == "a: b"


def test_the_template_of_a_running_machine_is_left_alone(
    driver: LimaDriver, lima: FakeLima
) -> None:
    driver.create(BLOG)
    lima.status["blog"] = "Running"
    assert driver.update(replace(BLOG, cpus=8)) is False


def test_a_login_goes_to_the_loopback_with_limas_own_key(
    driver: LimaDriver, lima: FakeLima
) -> None:
    lima.add("blog", "lima.yaml", "disk", status="Running")
    found = driver.instance("blog")
    assert found is not None
    address = driver.ssh(found)
    assert (address.host, address.port, address.user) == ("127.0.0.1", 60022, "dev")
    assert address.identity_file == lima.home / "_config" / "user"
    assert address.control_path == lima.home / "blog" / "ssh.sock"


def test_a_name_is_as_long_as_a_sockets_path_allows() -> None:
    short = LimaPaths(Path("/h"), Path("/t"), Path("/i"))
    driver = LimaDriver(Limactl(FakeLima(Path("/h"))), short, HOST)
    assert driver.limits().longest_name == 76
    deep = replace(short, home=Path("/" + "x" * 59))
    assert replace(driver, paths=deep).limits().longest_name == 20


@pytest.mark.parametrize("name", ["blog", "a.b-c_d", "2048"])
def test_a_usual_name_is_allowed(driver: LimaDriver, name: str) -> None:
    assert driver.limits().name_pattern.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", "a--b", "a/b", "a b", "blog.yaml", "é", "a\n"])
def test_a_name_that_lima_refuses_is_refused(driver: LimaDriver, name: str) -> None:
    assert not driver.limits().name_pattern.fullmatch(name)


def test_the_disk_in_use_counts_blocks_and_not_length(driver: LimaDriver, lima: FakeLima) -> None:
    folder = lima.add("blog", "lima.yaml")
    with (folder / "disk").open("wb") as disk:
        disk.truncate(1 << 30)
    found = driver.instance("blog")
    assert found is not None
    assert driver.disk_in_use(found) < 1 << 20
