from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

INV = Path(sys.executable).parent / "inv"
CHECKOUT = Path(__file__).parents[2]
TOKEN = f"github_pat_{'x4719' * 12}"


def inv(
    home: Path, *words: str, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    own = {"HOME": str(home), "NOPAL_HOME": str(home / "state"), **variables}
    environ = {**os.environ, **own}
    return subprocess.run(
        [str(INV), *words],
        cwd=CHECKOUT,
        env=environ,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_login_is_given_on_stdin_listed_and_forgotten(tmp_path: Path) -> None:
    kept = inv(tmp_path, "login", "gh", "--plain-file", "--expires=2031-05-06", stdin=TOKEN + "\n")
    assert (kept.returncode, kept.stdout) == (0, ""), kept.stderr
    assert 'agents = {gh = "personal"}' in kept.stderr
    listed = inv(tmp_path, "logins", "--json")
    (one,) = json.loads(listed.stdout)
    assert (one["agent"], one["kept_in"], one["projects"]) == ("gh", "file", [])
    assert "4719" not in kept.stderr + listed.stdout + listed.stderr
    assert inv(tmp_path, "logout", "gh").returncode == 0
    assert not list((tmp_path / "state/logins").iterdir())
    again = inv(tmp_path, "logout", "gh")
    assert (again.returncode, "is kept here" in again.stderr) == (2, True)


def test_a_text_that_is_no_login_is_refused_and_not_shown(tmp_path: Path) -> None:
    refused = inv(tmp_path, "login", "gh", "--plain-file", stdin="hunter4720")
    assert (refused.returncode, "4720" in refused.stderr) == (2, False)
    assert not (tmp_path / "state/logins").exists()


def test_a_login_may_stay_in_the_persons_own_store(tmp_path: Path) -> None:
    words = ["login", "gh", "--reference=env://STORE"]
    kept = inv(tmp_path, *words, STORE=TOKEN)
    assert (kept.returncode, kept.stdout) == (0, ""), kept.stderr
    assert "a fine-grained token stays in env://STORE" in kept.stderr
    listed = inv(tmp_path, "logins")
    assert "env://STORE" in listed.stdout
    files = [path.read_text() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert "4719" not in "".join([*files, kept.stderr, listed.stdout])
    for wrong in ({"STORE": "hunter4720"}, {}):
        refused = inv(tmp_path, "login", "gh", "--name=other", *words[2:], **wrong)
        assert (refused.returncode, "4720" in refused.stderr) == (1, False)
    assert inv(tmp_path, "login", "gh", "--reference=nonsense").returncode == 2


def test_a_reference_is_kept_in_no_file(tmp_path: Path) -> None:
    refused = inv(tmp_path, "login", "gh", "--reference=env://STORE", "--plain-file", STORE=TOKEN)
    assert refused.returncode == 2
