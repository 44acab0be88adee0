"""Where things are kept, for a person and for root."""

from __future__ import annotations

from pathlib import Path

import pytest

from nopal.names import host_name, longest_name, name_problem
from nopal.paths import Paths

HOME = Path("/home/me")


def paths(*, is_root: bool = False, home: Path = HOME, **environ: str) -> Paths:
    return Paths.from_environment(environ, is_root=is_root, home=home)


def test_without_variables_everything_is_below_the_home() -> None:
    found = paths()
    assert found.home == HOME / ".nopal"
    assert found.config_file == HOME / ".config/nopal/projects.toml"
    assert found.cache == HOME / ".cache/nopal"
    assert (found.lima.home, found.lima.tools, found.lima.images, found.lima.user) == (
        HOME / ".nopal/lima",
        HOME / ".nopal/tools",
        HOME / ".cache/nopal/images",
        None,
    )


def test_each_variable_moves_its_own_part() -> None:
    found = paths(
        NOPAL_HOME="/n",
        NOPAL_CONFIG="~/mine.toml",
        NOPAL_CACHE="/c",
        NOPAL_TOOLS="/t",
        XDG_CONFIG_HOME="/x",
    )
    assert (found.home, found.config_file, found.cache) == (
        Path("/n"),
        HOME / "mine.toml",
        Path("/c"),
    )
    assert (found.lima.home, found.lima.tools, found.lima.images) == (
        Path("/n/lima"),
        Path("/t"),
        Path("/c/images"),
    )
    assert paths(XDG_CONFIG_HOME="/x").config_file == Path("/x/nopal/projects.toml")


def test_an_empty_variable_counts_as_unset() -> None:
    assert paths(NOPAL_HOME="", NOPAL_CONFIG="", XDG_CONFIG_HOME="") == paths()


def test_state_logs_and_host_keys_are_in_nopals_home() -> None:
    found = paths(NOPAL_HOME="/n")
    assert {found.state, found.locks, found.logs, found.known_hosts} == {
        Path("/n/state"),
        Path("/n/locks"),
        Path("/n/logs"),
        Path("/n/known_hosts"),
    }


def test_root_s_lima_lives_where_the_system_user_can_look() -> None:
    found = paths(is_root=True, home=Path("/root"))
    assert found.home == Path("/root/.nopal")
    assert (found.lima.home, found.lima.tools, found.lima.images, found.lima.user) == (
        Path("/var/lib/nopal/lima"),
        Path("/var/lib/nopal/tools"),
        Path("/var/cache/nopal/images"),
        "nopal",
    )


def test_another_home_of_root_has_another_lima_and_the_same_tools() -> None:
    one, other = (paths(is_root=True, home=Path("/root"), NOPAL_HOME=home) for home in ("/a", "/b"))
    assert one.lima.home != other.lima.home
    assert one.lima.home.parent.parent == Path("/var/lib/nopal/homes")
    assert len(one.lima.home.parent.name) == 8
    assert one.lima.tools == other.lima.tools == Path("/var/lib/nopal/tools")
    moved = paths(is_root=True, home=Path("/root"), NOPAL_HOME="/a", NOPAL_TOOLS="/t")
    assert moved.lima.tools == Path("/t")


def test_a_linked_home_is_measured_where_it_really_is(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert paths(NOPAL_HOME=str(tmp_path / "link")).home == (tmp_path / "real").resolve()


# Names


@pytest.mark.parametrize("name", ["default", "a", "my-app", "My_app.2", "0"])
def test_names_that_lima_takes_are_fine(name: str) -> None:
    assert name_problem(name, Path("/home/me/.nopal/lima")) is None


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "a..b", "a/b", "..", "a b", "a\n", "é", "x.yaml", "x.YML", "_config"]
)
def test_names_that_lima_refuses_have_a_problem(name: str) -> None:
    assert name_problem(name, Path("/home/me/.nopal/lima"))


@pytest.mark.parametrize(("system", "together"), [("linux", 80), ("darwin", 76)])
def test_the_socket_s_path_limits_the_name(system: str, together: int) -> None:
    lima_home = Path("/" + "h" * 49)
    longest = together - 50
    assert longest_name(lima_home, system=system) == longest
    assert name_problem("n" * longest, lima_home, system=system) is None
    problem = name_problem("n" * (longest + 1), lima_home, system=system)
    assert problem is not None
    assert f"{longest} is the most" in problem


def test_the_home_s_length_counts_in_bytes() -> None:
    assert longest_name(Path("/" + "é" * 10)) == longest_name(Path("/" + "e" * 20))


def test_names_differ_by_what_reaches_the_host_name() -> None:
    assert host_name("My_app.x") == host_name("my-app-x")
