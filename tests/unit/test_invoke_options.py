from __future__ import annotations

from pathlib import Path

from project_builder import Desk

from nopal.show_config import rows


def test_options_of_invokes_configuration_are_the_weakest(tmp_path: Path) -> None:
    desk = Desk(tmp_path).write_person('[projects.blog.options.docker]\nsource = "docker"\n')
    project = desk.load("blog")
    merged = project.over({"docker": {"source": "distribution", "buildx": False}})
    assert merged.options["docker"] == {"source": "docker", "buildx": False}
    shown = {row.key: row.origin for row in rows(merged)}
    assert shown["options.docker.buildx"] == "Invoke's configuration"
    assert "projects.toml" in shown["options.docker.source"]
