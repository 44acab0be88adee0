"""A disk image as something set-up sees to: had, reachable, or built here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lima.errors import ImageUnavailable
from lima.host import Host
from lima.image_build import REPLACES, SHARED_IMAGES, Recipe, build, built
from lima.images import Image, ImageStore
from lima.paths import LimaPaths
from lima.process import OnLine, identity, must_run
from lima.setup.packages import image_tools


def ensure_image(
    image: Image, paths: LimaPaths, host: Host, environment: Mapping[str, str]
) -> Image:
    """Return what a machine that wants `image` can be created from now.

    Raises:
        ImageUnavailable: it has to be built first (set-up does), or cannot be had.
    """
    found = store(paths, environment).find(image)
    if found is None:
        site = image.location.split("/")[2]
        raise ImageUnavailable(image.name, f"{site} does not answer, and it is not built yet.")
    if found.legacy_bios and host.machine != "x86_64":
        return replace(found, legacy_bios=False)
    return found


def store(paths: LimaPaths, environment: Mapping[str, str]) -> ImageStore:
    """Return the images of this host."""
    folders = (paths.images, SHARED_IMAGES)
    return ImageStore(lambda image: built(image, folders), _lima_cache(paths, environment))


@dataclass(frozen=True)
class ImageRequirement:
    """The image of a machine that is to be made."""

    image: Image
    paths: LimaPaths
    host: Host
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """The image's name."""
        return f"image {self.image.name}"

    @property
    def why(self) -> str:
        """What it is for."""
        return "the disk that new machines start from"

    @property
    def command(self) -> str:
        """The build's main command."""
        if not self._can_build:
            return f"reach {self.image.location}"
        return f"build {Recipe(self.image.arch).folder} with mmdebstrap in {self.paths.images}"

    def is_met(self) -> bool:
        """Whether it is here, or can be downloaded when a machine is made."""
        return store(self.paths, self.environment).find(self.image) is not None

    def install(self, on_line: OnLine) -> None:
        """Build it. Raises `ImageUnavailable` where that cannot be done, or `SetupFailed`."""
        if self.is_met():
            return
        site = self.image.location.split("/")[2]
        if not self._can_build:
            reason = f"{site} does not answer, and only Debian's can be built, on Debian or Ubuntu."
            raise ImageUnavailable(self.image.name, reason)
        on_line(f"{site} does not answer; building the image from Debian's archive (two minutes)")

        def command(words: Sequence[str]) -> None:
            must_run(self.name, words, on_line)

        recipe = Recipe(self.image.arch)
        build(recipe, self.paths.images, command, is_root=self.host.is_root)

    @property
    def _can_build(self) -> bool:
        return (
            self.image.name == REPLACES
            and self.host.is_debian_family
            and self.image.arch == self.host.machine
        )


@dataclass(frozen=True)
class ImageTools:
    """The programs that build an image, where it has to be built."""

    requirement: ImageRequirement

    @property
    def name(self) -> str:
        """What they are."""
        return image_tools(self.requirement.host).name

    @property
    def why(self) -> str:
        """What they are for."""
        return image_tools(self.requirement.host).why

    @property
    def command(self) -> str:
        """The apt call."""
        return image_tools(self.requirement.host).command

    def is_met(self) -> bool:
        """Whether they are there; no question to the network when they are."""
        return image_tools(self.requirement.host).is_met() or self.requirement.is_met()

    def install(self, on_line: OnLine) -> None:
        """Install them. Raises `SetupFailed`."""
        image_tools(self.requirement.host).install(on_line)


def _lima_cache(paths: LimaPaths, environment: Mapping[str, str]) -> Path:
    """Return Lima's download cache, which does not depend on LIMA_HOME."""
    person = identity(paths.user)
    home = Path(person.home) if person is not None else Path("/nonexistent")
    if paths.user is None:
        home = Path(environment.get("HOME", str(home)))
        if custom := environment.get("XDG_CACHE_HOME"):
            return Path(custom) / "lima"
    mac = home / "Library" / "Caches"
    return (mac if mac.is_dir() else home / ".cache") / "lima"
