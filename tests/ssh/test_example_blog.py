"""examples/blog as a repo of its own, driven by the real `inv` and the real `nopal`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from nopal.paths import Paths

CHECKOUT = Path(__file__).parents[2]

# What a maintainer would write to see what a profile declares: no machine is needed for it.
STEPS_TASK = """

@task
def steps(c):
    from nopal.preflight import prepare_all
    from nopal.tasks.open import open_workspace

    workspace = open_workspace(c)
    (item,) = prepare_all(workspace, [workspace.project("")])
    for step in item.wish.steps:
        print("STEP", step.tags[0], step.id, getattr(step, "script", ""))


ns.add_task(steps)
"""


class Blog:
    """A copy of the example in a git repo, with surroundings of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "blog"
        self.person_file = folder / "projects.toml"
        self.environment = {
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            "NOPAL_CONFIG": str(self.person_file),
            "NOPAL_HOME": str(folder / "state"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
        }
        (folder / "home").mkdir()
        shutil.copytree(CHECKOUT / "examples" / "blog", self.root)
        self.run("git", "init", "--quiet")
        self.run("git", "remote", "add", "origin", "git@github.com:example/blog.git")

    def run(self, *command: str, status: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == status, output
        return output

    def inv(self, *arguments: str, status: int = 0) -> str:
        return self.run(sys.executable, "-m", "invoke", *arguments, status=status)

    def nopal(self, *arguments: str, status: int = 0) -> str:
        program = "from nopal.cli import main; main()"
        return self.run(sys.executable, "-c", program, *arguments, status=status)

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.root / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def without_repos(self) -> None:
        """Let the person's own file take the repos away: whether one answers is not asked then."""
        self.person_file.write_text("[projects.blog]\nrepos = []\n", encoding="utf-8")


@pytest.fixture
def blog(tmp_path: Path) -> Iterator[Blog]:
    blog = Blog(tmp_path)
    yield blog
    # Run by root, Lima's folder is not below NOPAL_HOME. Only an empty one goes.
    places = Paths.from_environment(
        blog.environment, is_root=os.geteuid() == 0, home=tmp_path / "home"
    )
    with suppress(OSError):
        places.lima.home.rmdir()
        places.lima.home.parent.rmdir()


def tasks_of(listing: str) -> dict[str, str]:
    tasks = json.loads(listing)
    found = {task["name"]: task["help"] for task in tasks["tasks"]}
    for collection in tasks["collections"]:
        for task in collection["tasks"]:
            found[f"{collection['name']}.{task['name']}"] = task["help"]
    return found


def test_a_repos_list_shows_its_own_task_its_own_profile_and_nopals_verbs(blog: Blog) -> None:
    tasks = tasks_of(blog.inv("--list", "--list-format=json"))
    assert tasks["seed"] == "Load the sample data."
    assert {"database.install", "database.plan", "database.verify"} <= tasks.keys()
    assert {
        "up",
        "down",
        "destroy",
        "ls",
        "run",
        "claude.install",
        "docker.install",
    } <= tasks.keys()


@pytest.mark.parametrize("verb", ["up", "seed", "database.plan", "claude"])
def test_every_kind_of_verb_explains_itself(blog: Blog, verb: str) -> None:
    assert "--project" in blog.inv("--help", verb)


def test_config_tells_the_line_of_the_repos_file(blog: Blog) -> None:
    values = json.loads(blog.inv("config", "--json"))["values"]
    lines = (blog.root / ".nopal.toml").read_text(encoding="utf-8").splitlines()
    cpus = values["cpus"]
    assert Path(cpus["file"]) == blog.root / ".nopal.toml"
    assert lines[cpus["line"] - 1] == f"cpus = {cpus['value']}"
    assert "database" in values["profiles"]["value"]


def test_options_reach_the_repos_own_profile_weakest_first(blog: Blog) -> None:
    blog.without_repos()
    tasks = blog.root / "tasks.py"
    tasks.write_text(tasks.read_text(encoding="utf-8") + STEPS_TASK, encoding="utf-8")
    assert "postgres:16" in blog.inv("steps")
    with (blog.root / ".nopal.toml").open("a", encoding="utf-8") as file:
        file.write("\n[options.database]\nversion = 15\n")
    assert "postgres:15" in blog.inv("steps")
    (blog.root / "invoke.yaml").unlink()
    blog.edit(".nopal.toml", "version = 15", 'volume = "other"')
    steps = blog.inv("steps")
    assert "postgres:17" in steps
    assert "docker volume create other" in steps


def test_what_a_profile_requires_comes_before_it(blog: Blog) -> None:
    blog.without_repos()
    tasks = blog.root / "tasks.py"
    tasks.write_text(tasks.read_text(encoding="utf-8") + STEPS_TASK, encoding="utf-8")
    profiles = [line.split()[1] for line in blog.inv("steps").splitlines() if "STEP" in line]
    assert profiles.index("docker") < profiles.index("database")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version: 16", "versoin: 16", "version"),
        ("version: 16", "version: sixteen", "version"),
    ],
    ids=["unknown", "wrong type"],
)
def test_a_wrong_option_in_invoke_yaml_is_refused_by_name(
    blog: Blog, old: str, new: str, says: str
) -> None:
    blog.without_repos()
    blog.edit("invoke.yaml", old, new)
    output = blog.inv("plan", status=2)
    assert "database" in output
    assert says in output
    assert "Traceback" not in output


def test_a_profile_that_nobody_knows_ends_with_the_nearest_name(blog: Blog) -> None:
    blog.without_repos()
    blog.edit(".nopal.toml", '"database"', '"databsae"')
    assert "`database`" in blog.inv("up", status=2)


def test_a_repos_file_cannot_mount_the_hosts_folders(blog: Blog) -> None:
    blog.edit(".nopal.toml", "cpus = 4", 'mounts = ["~:rw"]')
    output = blog.inv("up", "--yes", status=2)
    assert f"{blog.root / '.nopal.toml'}:" in output
    assert str(blog.person_file) in output


def test_a_verb_on_a_machine_that_was_never_made_says_how_to_make_it(blog: Blog) -> None:
    blog.without_repos()
    for verb in ("seed", "database.verify", "provision"):
        output = blog.inv(verb, status=1)
        assert "Traceback" not in output


def test_nopal_gives_the_same_verbs_and_reads_no_python_of_the_repo(blog: Blog) -> None:
    try:
        version("nopal")
    except PackageNotFoundError:
        pytest.skip("nopal is not installed here: `pip install -e .`")
    (blog.root / "tasks.py").write_text("raise SystemExit('the repo ran')\n", encoding="utf-8")
    tasks = tasks_of(blog.nopal("--list", "--list-format=json"))
    assert {"up", "ls", "docker.plan"} <= tasks.keys()
    assert "seed" not in tasks
    assert json.loads(blog.nopal("config", "--json"))["name"] == "blog"
    blog.without_repos()
    assert "database" in blog.nopal("up", status=2)
