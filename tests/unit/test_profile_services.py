"""Local servers and the command lines of hosted ones."""

from __future__ import annotations

import pytest

from profiles.catalogue import load
from profiles.errors import WrongOption
from profiles.fly import FLYCTL
from profiles.guest import Guest
from profiles.supabase import SUPABASE
from provision import Apt, AptRepository, Archive, Check, Command, Npm, Service, Step

GUEST = Guest(name="blog")
UBUNTU = Guest(name="blog", distribution="ubuntu", machine="aarch64")
CATALOGUE = load()


def steps_of(name: str, guest: Guest = GUEST, /, **options: object) -> tuple[Step, ...]:
    return CATALOGUE[name].steps(options, guest)


def packages(steps: tuple[Step, ...]) -> list[str]:
    return [step.package for step in steps if isinstance(step, Apt)]


def commands(steps: tuple[Step, ...]) -> dict[str, Command]:
    return {step.name: step for step in steps if isinstance(step, Command)}


def check(steps: tuple[Step, ...]) -> Check:
    last = steps[-1]
    assert isinstance(last, Check)
    return last


# postgres


@pytest.mark.parametrize(
    ("guest", "version", "package"),
    [
        (GUEST, 0, "postgresql"),
        (GUEST, 17, "postgresql-17"),
        (UBUNTU, 0, "postgresql"),
        (UBUNTU, 16, "postgresql-16"),
    ],
    ids=["debian's", "debian's by number", "ubuntu's", "ubuntu's by number"],
)
def test_the_distributions_postgres_needs_no_other_repository(
    guest: Guest, version: int, package: str
) -> None:
    steps = steps_of("postgres", guest, version=version)
    assert packages(steps) == [package]
    assert not [step for step in steps if isinstance(step, AptRepository)]


def test_another_postgres_comes_from_postgresqls_own_repository_by_its_key() -> None:
    first, package, *_ = steps_of("postgres", version=16)
    assert isinstance(first, AptRepository)
    assert first.suites == ("{codename}-pgdg",)
    assert first.key_fingerprints == ("B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8",)
    assert package.id == "apt:postgresql-16"


@pytest.mark.parametrize("version", [9, -1, 1000])
def test_a_version_that_is_no_major_version_of_postgres_is_refused(version: int) -> None:
    with pytest.raises(WrongOption) as caught:
        steps_of("postgres", version=version)
    assert "major version" in caught.value.reason


@pytest.mark.parametrize("name", ["", "Blog", "a b", "x'; drop", "-x", "9a"])
def test_a_database_that_sql_would_have_to_quote_is_refused(name: str) -> None:
    with pytest.raises(WrongOption):
        steps_of("postgres", databases=[name])


def test_the_login_user_is_a_role_and_owns_a_database_and_those_of_the_option() -> None:
    made = commands(steps_of("postgres", Guest(name="x", user="ann"), databases=["blog", "ann"]))
    assert list(made) == ["role ann", "database ann", "database blog"]
    assert "createuser --superuser ann" in made["role ann"].script
    assert "createdb --owner ann blog" in made["database blog"].script


def test_what_the_server_lists_already_is_not_made_though_it_was_down_when_asked() -> None:
    for step in commands(steps_of("postgres")).values():
        assert step.unless
        assert f"{step.unless} || " in step.script


def test_postgres_is_checked_by_the_login_user_to_answer_in_the_version_asked_for() -> None:
    said = check(steps_of("postgres", version=16))
    assert said.run_as == "login"
    assert said.matches == r"^16\b"


# redis


@pytest.mark.parametrize(("server", "other"), [("redis", "valkey"), ("valkey", "redis")])
def test_of_redis_and_valkey_only_the_one_asked_for_holds_the_port(server: str, other: str) -> None:
    stopped, package, started, ping = steps_of("redis", server=server)
    assert stopped == Service(f"{other}-server", enabled=False, running=False, tags=("redis",))
    assert package.id == f"apt:{server}-server"
    assert started == Service(f"{server}-server", tags=("redis",))
    assert isinstance(ping, Check)
    assert (ping.script, ping.matches) == (f"{server}-cli ping", "^PONG$")


# supabase and fly


def test_supabase_is_the_npm_package_at_the_pinned_version_unless_one_is_named() -> None:
    assert CATALOGUE["supabase"].requires == ("docker", "node")
    for options, version in (({}, SUPABASE.version), ({"version": "2.115.0"}, "2.115.0")):
        [package] = [s for s in steps_of("supabase", **options) if isinstance(s, Npm)]
        assert (package.package, package.version) == ("supabase", version)


@pytest.mark.parametrize(
    ("guest", "cpu"), [(GUEST, "x86_64"), (UBUNTU, "arm64")], ids=["x86_64", "aarch64"]
)
def test_flyctl_is_its_makers_tarball_for_the_machine_by_checksum(guest: Guest, cpu: str) -> None:
    [archive] = [step for step in steps_of("fly", guest) if isinstance(step, Archive)]
    assert archive.url == (
        "https://github.com/superfly/flyctl/releases/download/"
        f"v{FLYCTL.version}/flyctl_{FLYCTL.version}_Linux_{cpu}.tar.gz"
    )
    assert archive.sha256 == FLYCTL.checksums[guest.machine]


def test_another_flyctl_needs_its_checksum_and_may_come_from_a_mirror() -> None:
    with pytest.raises(WrongOption):
        steps_of("fly", version="0.4.1")
    steps = steps_of("fly", version="0.4.1", sha256="0" * 64, mirror="https://mirror/fly/")
    [archive] = [step for step in steps if isinstance(step, Archive)]
    assert archive.url == "https://mirror/fly/v0.4.1/flyctl_0.4.1_Linux_x86_64.tar.gz"
    assert archive.sha256 == "0" * 64


def test_flyctl_answers_to_both_of_its_names_and_leaves_updates_to_the_pin() -> None:
    ids = [step.id for step in steps_of("fly")]
    assert {"link:/usr/local/bin/fly", "link:/usr/local/bin/flyctl"} <= set(ids)
    assert "block:/etc/environment#fly" in ids
