"""Secrets in project files: whose they are, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import BLOG_URL, Desk

from nopal.errors import PersonOnlyKey, ProjectTakenOver
from nopal.show_config import as_data

TABLE = f"""
[projects.blog]
repos = ["{BLOG_URL}"]

[projects.blog.secrets]
NPM_TOKEN = "op://Work/npm/token"
"*" = ["op-env://a1b2c3d4e5f6g7h8i9j0k1l2m3", "doppler://shop/dev"]

[projects.blog.secrets."docs/site"]
KEY = "pass://site#key"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_table_names_secrets_for_all_and_for_single_repos(desk: Desk) -> None:
    project = desk.write_person(TABLE).load("blog")
    assert [(one.folder, one.name, str(one.reference)) for one in project.secrets] == [
        ("", "NPM_TOKEN", "op://Work/npm/token"),
        ("", "*", "op-env://a1b2c3d4e5f6g7h8i9j0k1l2m3"),
        ("", "*", "doppler://shop/dev"),
        ("docs/site", "KEY", "pass://site#key"),
    ]
    assert project.place("secrets[3]").line == 10


def test_config_shows_the_references(desk: Desk) -> None:
    shown = as_data(desk.write_person(TABLE).load("blog"))["values"]["secrets"]["value"]
    assert shown == {
        "NPM_TOKEN": "op://Work/npm/token",
        "*": ["op-env://a1b2c3d4e5f6g7h8i9j0k1l2m3", "doppler://shop/dev"],
        "docs/site": {"KEY": "pass://site#key"},
    }


def test_a_repo_may_ask_for_secrets_and_name_none_of_their_places(desk: Desk) -> None:
    desk.write_repo('name = "blog"\nwants_secrets = ["NPM_TOKEN"]\n')
    assert desk.load().wants_secrets == ("NPM_TOKEN",)
    assert desk.load().secrets == ()
    desk.write_repo('name = "blog"\n[secrets]\nA = "command:id"\n')
    (fault,) = desk.faults()
    assert isinstance(fault, PersonOnlyKey)


def test_secrets_for_every_project_are_refused(desk: Desk) -> None:
    desk.write_person('[defaults.secrets]\nA = "env://A"\n')
    (fault,) = desk.faults()
    assert "[projects.NAME.secrets]" in str(fault)


def test_a_repo_cannot_claim_a_project_that_has_secrets(desk: Desk) -> None:
    desk.write_person('[projects.blog.secrets]\nA = "env://A"\n')
    desk.write_repo('name = "blog"\n')
    with pytest.raises(ProjectTakenOver):
        desk.load()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('A = "hunter2-hunter2"', "refers to no secret"),
        ('A = "postgres://ann:hunter2@db/x"', "refers to no secret"),
        ('PATH = "env://A"', "means something to shells"),
        ('"A-B" = "env://A"', "no name of a variable"),
        ('A = ["env://A"]', "only for the name `*`"),
        ("A = 5", "a table of references"),
        ('"../x" = {A = "env://A"}', "the folder of a repo"),
        ('"/x" = {A = "env://A"}', "the folder of a repo"),
        ('x = {A = "hunter2"}', "secrets.x.A"),
    ],
)
def test_a_wrong_line_is_named_and_what_may_be_a_secret_is_not_shown(
    desk: Desk, line: str, complaint: str
) -> None:
    desk.write_person(f"[projects.blog.secrets]\n{line}\n")
    (fault,) = desk.faults("blog")
    assert complaint in str(fault)
    assert "hunter2" not in str(fault)
