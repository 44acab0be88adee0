"""The blog's own tasks and its own profile, beside nopal's verbs."""

from __future__ import annotations

from collections.abc import Iterator

from invoke import Context, task
from msgspec import Struct

from nopal import Apt, Check, Command, Step, connect, ns, profile


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `database`."""

    version: int = 17
    volume: str = "pg"


@profile(requires=["docker"])
def database(options: Options) -> Iterator[Step]:
    """PostgreSQL client, and a server in Docker."""
    yield Apt("postgresql-client")
    yield Command(
        f"docker volume create {options.volume}",
        unless=f"docker volume inspect {options.volume}",
    )
    yield Command(
        "docker run --detach --name pg --restart unless-stopped"
        f" --volume {options.volume}:/var/lib/postgresql/data"
        " --env POSTGRES_HOST_AUTH_METHOD=trust --publish 127.0.0.1:5432:5432"
        f" postgres:{options.version}",
        unless="docker inspect pg",
        name="PostgreSQL server",
    )
    yield Check("psql --version", matches=r"PostgreSQL")


ns.add_collection(database)


@task(help={"project": "the project; else the one of the repo you stand in"})
def seed(c: Context, project: str = "") -> None:
    """Load the sample data."""
    with connect(project) as guest:
        guest.run("cd ~/code/blog && make seed")


ns.add_task(seed)
