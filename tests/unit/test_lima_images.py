from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lima.errors import ImageUnavailable, SetupFailed
from lima.image_build import Recipe, build, built, mmdebstrap
from lima.images import NAMES, Image, ImageStore, catalogue, own_image

DEBIAN = catalogue("debian-13", "x86_64")
UBUNTU = catalogue("ubuntu-24.04", "x86_64")
SHA256 = "sha256:" + "a" * 64


def reachable(_url: str) -> bool:
    return True


def unreachable(_url: str) -> bool:
    return False


def never_asked(url: str) -> bool:
    raise AssertionError(url)


def nothing_built(_image: Image) -> Image | None:
    return None


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("name", NAMES)
def test_every_named_image_is_pinned_for_both_processors(name: str, machine: str) -> None:
    image = catalogue(name, machine)  # type: ignore[arg-type]
    assert own_image(image.location, image.digest, image.arch).digest == image.digest
    assert "latest" not in image.location


def test_an_unknown_image_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ImageUnavailable, match=r"debian-13, ubuntu-24\.04"):
        catalogue("../debian", "x86_64")


@pytest.mark.parametrize("digest", ["", "sha256:", "md5:" + "a" * 32, SHA256 + "\n", "sha256:zz"])
def test_an_own_image_needs_a_digest(digest: str) -> None:
    with pytest.raises(ImageUnavailable, match="digest"):
        own_image("https://example.org/disk.img", digest, "x86_64")


@pytest.mark.parametrize("location", ["http://example.org/a", "disk.img", "file:///a", "-o"])
def test_an_own_image_is_an_https_url_or_a_whole_path(location: str) -> None:
    with pytest.raises(ImageUnavailable, match="https"):
        own_image(location, SHA256, "x86_64")


def test_an_own_file_must_be_there(tmp_path: Path) -> None:
    store = ImageStore(nothing_built, tmp_path, never_asked)
    image = own_image(str(tmp_path / "disk.img"), SHA256, "x86_64")
    with pytest.raises(ImageUnavailable, match="no such file"):
        store.find(image)
    Path(image.location).touch()
    assert store.find(image) == image


def test_the_official_image_comes_first_where_it_can_be_reached(tmp_path: Path) -> None:
    assert ImageStore(nothing_built, tmp_path, reachable).find(DEBIAN) == DEBIAN


def test_an_image_that_lima_has_downloaded_asks_nothing_of_the_network(tmp_path: Path) -> None:
    key = hashlib.sha256(DEBIAN.location.encode()).hexdigest()
    cached = tmp_path / "download" / "by-url-sha256" / key
    cached.mkdir(parents=True)
    (cached / "data").touch()
    assert ImageStore(nothing_built, tmp_path, never_asked).find(DEBIAN) == DEBIAN


def test_an_image_that_was_built_asks_nothing_of_the_network(tmp_path: Path) -> None:
    own = Recipe("x86_64").image(tmp_path)
    assert ImageStore(lambda _: own, tmp_path, never_asked).find(DEBIAN) == own


def test_an_image_that_can_only_be_built_is_not_there_yet(tmp_path: Path) -> None:
    assert ImageStore(nothing_built, tmp_path, unreachable).find(DEBIAN) is None


def test_only_debians_image_has_a_build_and_only_a_finished_one_counts(tmp_path: Path) -> None:
    folder = tmp_path / Recipe("x86_64").folder
    folder.mkdir()
    assert built(DEBIAN, [tmp_path]) is None
    (folder / "disk.qcow2").touch()
    assert built(DEBIAN, [tmp_path]) == Recipe("x86_64").image(folder)
    assert built(UBUNTU, [tmp_path]) is None
    assert built(replace(DEBIAN, arch="aarch64"), [tmp_path]) is None


@dataclass
class FakeTools:
    """Makes the files that the real commands would make."""

    fails_at: str = ""
    commands: list[Sequence[str]] = field(default_factory=list)

    def __call__(self, command: Sequence[str]) -> None:
        self.commands.append(command)
        if command[0] == self.fails_at:
            raise SetupFailed("image", " ".join(command), "interrupted")
        if command[0] == "mmdebstrap" and "--unshare-helper" not in command:
            Path(command[-1]).mkdir()
        elif "find" in command:
            assert not list(Path(command[3]).iterdir())
        elif "sh" in command:
            for name in ("vmlinuz", "initrd.img", "disk.raw"):
                (Path(command[-2]) / name).touch()
        elif command[0] == "qemu-img":
            Path(command[-1]).touch()


@dataclass(frozen=True)
class Places:
    """A cache of images and a place to work in."""

    images: Path
    work: Path

    def build(self, tools: FakeTools, *, is_root: bool = True) -> Image:
        return build(Recipe("x86_64"), self.images, tools, is_root=is_root, workplace=self.work)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "work").mkdir()
    return Places(tmp_path / "images", tmp_path / "work")


@pytest.mark.parametrize("is_root", [True, False], ids=["by root", "by a person"])
def test_an_image_is_built_once_and_readable_by_everybody(places: Places, is_root: bool) -> None:
    tools = FakeTools()
    image = places.build(tools, is_root=is_root)
    commands = len(tools.commands)
    assert places.build(tools, is_root=is_root) == image
    assert len(tools.commands) == commands
    folder = Path(image.location).parent
    assert {path.name for path in folder.iterdir()} == {"disk.qcow2", "vmlinuz", "initrd.img"}
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in (folder, *folder.iterdir()))
    assert not list(places.work.iterdir())


@pytest.mark.parametrize("fails_at", ["mmdebstrap", "sh", "qemu-img"])
def test_an_interrupted_build_leaves_nothing_and_the_next_finishes(
    places: Places, fails_at: str
) -> None:
    with pytest.raises(SetupFailed):
        places.build(FakeTools(fails_at))
    assert not list(places.work.iterdir())
    assert not (places.images / Recipe("x86_64").folder).exists()
    places.build(FakeTools())
    assert not list(places.images.glob("*.part"))


def test_what_a_killed_build_left_is_removed_by_the_next(places: Places) -> None:
    mine = hashlib.sha256(bytes(places.images / Recipe("x86_64").folder)).hexdigest()[:12]
    left = places.work / f"nopal-image-{mine}-killed"
    (left / "root").mkdir(parents=True)
    other = places.work / "nopal-image-of-another-cache"
    other.mkdir()
    places.build(FakeTools())
    assert list(places.work.iterdir()) == [other]


def test_the_key_of_a_build_follows_its_content() -> None:
    assert Recipe("x86_64").key != Recipe("aarch64").key
    assert Recipe("x86_64").key == Recipe("x86_64").key


def test_a_person_builds_in_a_user_namespace() -> None:
    command = mmdebstrap(Recipe("aarch64"), Path("/r"), Path("/c"), is_root=False)
    assert "--mode=unshare" in command
    assert "--architectures=arm64" in command
