"""What `inv config` shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from project_builder import Desk

from nopal import json_schema
from nopal.schema import PERSON_ONLY, PersonKeys
from nopal.show_config import as_data, as_text, rows


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return (
        Desk(tmp_path)
        .write_person(
            "[defaults]\ngit = {name = 'A \"B\"'}\nmounts = ['/data:rw']\n[projects.blog]\n"
            "cpus = 2\nports = [8080, {guest = '80-81', host = '8000-8001'}]\n"
        )
        .write_repo(
            "name = 'blog'\nmemory = '512MiB'\n"
            "[options.docker]\nsource = 'docker'\nsince = 2020-01-01\nratio = inf\n"
        )
    )


def test_every_key_has_a_row_with_value_and_origin(desk: Desk) -> None:
    shown = {row.key: (row.value, row.origin) for row in rows(desk.load(flags={"cpus": 3}))}
    assert shown["name"] == ("blog", str(desk.repo_file))
    assert shown["cpus"] == ("3", "--cpus")
    assert shown["memory"] == ("512MiB", f"{desk.repo_file}:2")
    assert shown["git.name"] == ('A "B"', f"{desk.person_file}:2 [defaults]")
    assert shown["mounts"] == ('["/data:rw"]', f"{desk.person_file}:3 [defaults]")
    assert shown["ports"] == (
        '[8080, {guest = "80-81", host = "8000-8001"}]',
        f"{desk.person_file}:6",
    )
    assert shown["options.docker.source"] == ("docker", f"{desk.repo_file}:4")
    assert shown["signing"] == ("true", "built-in")
    assert shown["repos"][1].endswith("(the repo's own URL)")


def test_no_key_of_the_schema_is_left_out(desk: Desk) -> None:
    shown = {row.key.split(".")[0] for row in rows(desk.load())}
    assert set(PersonKeys.__struct_fields__) <= shown


def test_files_below_the_home_are_shown_short(desk: Desk) -> None:
    shown = {row.key: row.origin for row in rows(desk.load(), user_home=desk.root)}
    assert shown["memory"] == "~/blog/.nopal.toml:2"


def test_the_text_has_a_line_for_each_row(desk: Desk) -> None:
    project = desk.load()
    lines = as_text(project).splitlines()
    assert len(lines) == len(rows(project))
    assert lines[0].split() == ["name", "blog", str(desk.repo_file)]


def test_the_data_is_json_whatever_the_options_hold(desk: Desk) -> None:
    data = json.loads(json.dumps(as_data(desk.load()), allow_nan=False))
    assert data["name"] == "blog"
    assert data["values"]["memory"] == {
        "value": "512MiB",
        "layer": "repo",
        "file": str(desk.repo_file),
        "line": 2,
    }
    assert data["values"]["options.docker.since"]["value"] == "2020-01-01"
    assert data["values"]["signing"]["file"] is None


def test_the_schemas_are_json_and_only_the_persons_has_the_persons_keys() -> None:
    person, repo = (
        json.loads(json.dumps(schema))
        for schema in (json_schema.for_person(), json_schema.for_repo())
    )
    assert set(person["$defs"]["PersonKeys"]["properties"]) >= PERSON_ONLY
    assert not set(repo["$defs"]["RepoFile"]["properties"]) & PERSON_ONLY
    assert repo["$defs"]["RepoFile"]["additionalProperties"] is False
