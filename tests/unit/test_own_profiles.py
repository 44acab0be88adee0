from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from nopal.catalogue import Catalogue, NameTaken, find_own
from nopal.errors import Place
from nopal.own_profiles import BrokenProfiles, Found, UntrustedFile, in_folder, in_packages
from nopal.tasks.own import may_mean_own
from profiles.catalogue import load, resolve
from profiles.errors import UnknownProfile
from profiles.guest import Guest
from profiles.profile import Profile, profile
from provision.step import Step

LAMP = '''\
"""A profile of a person's own."""

import msgspec

from nopal import Apt, profile


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: str = "apache2"


@profile(requires=["git"])
def lamp(options: Options):
    """A web server."""
    yield Apt(options.package)
'''


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
        (folder / f"{name}.py").chmod(0o644)
    return folder


def named(name: str) -> Profile:
    def declare() -> Iterator[Step]:
        yield from ()

    return Profile(declare, name=name)


def nothing_is_looked_for() -> tuple[Found, ...]:
    raise AssertionError


def test_a_file_of_the_folder_gives_its_profile_with_options(tmp_path: Path) -> None:
    folder = written(tmp_path / "profiles", lamp=LAMP)
    (found,) = in_folder(folder)
    assert (found.profile.label, found.origin) == ("lamp", str(folder / "lamp.py"))
    (step,) = found.profile.steps({"package": "nginx"}, Guest("x"))
    assert step.id == "apt:nginx"


def test_a_folder_that_is_not_there_has_no_profiles(tmp_path: Path) -> None:
    assert tuple(in_folder(tmp_path / "profiles")) == ()


def test_what_a_file_imports_is_not_its_own_and_helpers_are_not_read(tmp_path: Path) -> None:
    text = f"from profiles.docker import docker\n{LAMP}"
    folder = written(tmp_path / "profiles", lamp=text, _helper="raise SystemExit")
    assert [each.profile.label for each in in_folder(folder)] == ["lamp"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x = 1\nx +\n", 2, "SyntaxError"),
        ("import nowhere\n", 1, "No module named 'nowhere'"),
        ("def f():\n    return 1 / 0\n\nf()\n", 2, "ZeroDivisionError"),
        ("import sys\nsys.exit('no')\n", 2, "SystemExit: no"),
        ("x = 1\n", None, "no function under @profile"),
        ("from nopal import profile\n@profile\ndef a(b, c, d):\n    pass\n", 2, "NotAProfile"),
    ],
    ids=["syntax", "import", "deeper", "exit", "no profile", "no such arguments"],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, text: str, line: int | None, says: str
) -> None:
    folder = written(tmp_path / "profiles", broken=text)
    with pytest.raises(BrokenProfiles) as caught:
        tuple(in_folder(folder))
    assert caught.value.place == Place(folder / "broken.py", line)
    assert says in str(caught.value)
    assert str(caught.value).count("\n") == 1


@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_everybody_may_write_to_is_not_run(tmp_path: Path, which: str) -> None:
    folder = written(tmp_path / "profiles", lamp="raise SystemExit('it ran')")
    (folder if which == "folder" else folder / "lamp.py").chmod(0o777)
    with pytest.raises(UntrustedFile, match="everybody may write to it"):
        tuple(in_folder(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_not_run(tmp_path: Path) -> None:
    folder = written(tmp_path / "profiles", lamp="raise SystemExit('it ran')")
    os.chown(folder / "lamp.py", 65534, 65534)
    with pytest.raises(UntrustedFile, match="belongs to user 65534"):
        tuple(in_folder(folder))


def test_nopals_own_profiles_are_had_without_looking_for_others() -> None:
    catalogue = Catalogue(load(), find=nothing_is_looked_for)
    assert [each.label for each in resolve(["docker"], catalogue)] == ["base", "docker"]
    assert catalogue.origin("docker") == "nopal"


def test_a_persons_profile_can_be_named_as_any(tmp_path: Path) -> None:
    folder = written(tmp_path / "profiles", lamp=LAMP)
    catalogue = Catalogue(load(), find=find_own(folder))
    assert [each.label for each in resolve(["lamp"], catalogue)] == ["base", "git", "lamp"]
    assert catalogue.origin("lamp") == str(folder / "lamp.py")


def test_a_persons_profiles_are_among_the_names_that_are_near(tmp_path: Path) -> None:
    catalogue = Catalogue(load(), find=find_own(written(tmp_path / "profiles", lamp=LAMP)))
    with pytest.raises(UnknownProfile, match="Did you mean `lamp`"):
        resolve(["lapm"], catalogue)


def test_a_profile_of_a_tasks_py_tells_its_file() -> None:
    catalogue = Catalogue(load(), [named("mine")])
    assert catalogue.origin("mine") == __file__


@pytest.mark.parametrize("wanted", ["docker", "other"])
def test_the_name_of_one_of_nopals_is_nobody_elses(wanted: str) -> None:
    catalogue = Catalogue(load(), [named("docker")])
    with pytest.raises(NameTaken, match="`docker` is taken: nopal has it"):
        catalogue[wanted]


def test_two_profiles_of_one_name_are_refused_with_both_places(tmp_path: Path) -> None:
    folder = written(tmp_path / "profiles", lamp=LAMP)
    catalogue = Catalogue(load(), [named("lamp")], find_own(folder))
    with pytest.raises(NameTaken) as caught:
        catalogue["lamp"]
    assert caught.value.origins == (__file__, str(folder / "lamp.py"))


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that is installed, with a profile in it."""
    module = ModuleType("some_package")
    monkeypatch.setitem(sys.modules, "some_package", module)

    @profile
    def packed() -> Iterator[Step]:
        """Come from a package."""
        yield from ()

    vars(module).update(packed=packed, other=3)
    return module


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "nopal.profiles")


def test_an_installed_package_offers_a_profile_by_an_entry_point(package: ModuleType) -> None:
    (found,) = in_packages([entry("packed", "some_package:packed")])
    assert found.profile is package.packed


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("packed", "some_package:absent", "AttributeError"),
        ("packed", "nowhere:packed", "No module named 'nowhere'"),
        ("packed", "some_package:other", "is no profile `packed`"),
        ("docker", "some_package:packed", "is no profile `docker`"),
    ],
)
def test_a_package_whose_profile_is_none_is_named(
    package: ModuleType, name: str, value: str, says: str
) -> None:
    with pytest.raises(BrokenProfiles, match=says):
        tuple(in_packages([entry(name, value)]))


@pytest.mark.parametrize(
    ("words", "means"),
    [
        (["--list"], False),
        (["up", "-p", "a.b"], False),
        (["docker.install"], False),
        (["lamp.install"], True),
        (["--complete", "--", "inv la"], True),
    ],
)
def test_own_profiles_are_imported_for_their_own_verbs_and_completion(
    words: list[str], means: bool
) -> None:
    assert may_mean_own(words, {"docker"}) is means
