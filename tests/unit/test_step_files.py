from __future__ import annotations

import hashlib

import pytest
from step_facts import FACTS

from provision import Directory, File, Link, Template

MOTD = File("/etc/motd", "hello\n")
SHA = hashlib.sha256(b"hello\n").hexdigest()


def ok(path: str = "/etc/motd", mode: str = "644", owner: str = "root") -> str:
    return f"f\n{mode} {owner} root\n{SHA}  {path}"


def test_a_file_with_the_right_content_mode_and_owner_calls_for_no_change() -> None:
    assert MOTD.plan(ok(), FACTS) is None


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("-", "new"),
        ("l\n777 root root", "is link"),
        (ok(mode="600"), "mode 600"),
        (ok(owner="dev"), "owner dev"),
        ("f\n644 root root\n" + "0" * 64, "content"),
    ],
    ids=["absent", "link", "mode", "owner", "content"],
)
def test_a_file_says_why_it_is_written(state: str, why: str) -> None:
    change = MOTD.plan(state, FACTS)
    assert change is not None
    assert change.summary == f"write /etc/motd ({why})"


def test_a_file_is_written_beside_its_path_and_then_renamed() -> None:
    change = MOTD.plan("-", FACTS)
    assert change is not None
    assert change.script == (
        "[ -d /etc ] || mkdir -p -- /etc\n"
        "nopal_new=$(mktemp -- /etc/.nopal.XXXXXXXX)\n"
        "trap 'rm -f -- \"$nopal_new\"' EXIT\n"
        "printf %s 'hello\n' >\"$nopal_new\"\n"
        'chown root: -- "$nopal_new"\n'
        'chmod 0644 -- "$nopal_new"\n'
        'mv -fT -- "$nopal_new" /etc/motd\n'
        "trap - EXIT"
    )


def test_content_that_no_log_could_show_travels_in_base64() -> None:
    change = File("/x", b"\x00\xff").plan("-", FACTS)
    assert change is not None
    assert "printf %s AP8= | base64 -d" in change.script


def test_a_new_file_shows_its_content_in_the_diff() -> None:
    change = MOTD.plan("-", FACTS)
    assert change is not None
    assert "+hello" in change.diff


def test_a_sensitive_file_shows_no_diff() -> None:
    change = File("/x", "secret", sensitive=True).plan("-", FACTS)
    assert change is not None
    assert change.diff == ""


def test_a_directory_in_the_place_of_a_file_is_left_to_the_person() -> None:
    change = MOTD.plan("d\n755 root root", FACTS)
    assert change is not None
    assert change.script == ""


def test_a_path_in_the_home_runs_as_the_login_user_and_leaves_the_owner_alone() -> None:
    file = File("~/.x", "hello\n")
    assert file.run_as == "login"
    assert file.plan(ok(owner="dev"), FACTS) is None
    change = file.plan("-", FACTS)
    assert change is not None
    assert "chown" not in change.script
    assert '"$HOME"/.x' in change.script


@pytest.mark.parametrize("path", ["x", "", "~", "~/", "/", "~dev/x", "/a\0b"])
def test_a_path_that_depends_on_where_one_stands_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="a path of a guest"):
        File(path, "")


def test_what_follows_a_replacement_runs_after_it() -> None:
    change = File("/x", "", then="systemctl try-restart docker").plan("-", FACTS)
    assert change is not None
    assert change.script.endswith("/x\ntrap - EXIT\nsystemctl try-restart docker")


def test_many_files_are_looked_at_with_one_stat_and_one_sha256sum() -> None:
    script = File.batch_probe([File(f"/f{i}", "") for i in range(200)])
    # Each stands there twice, and one of both is run: all files are there, or some are missing.
    assert script.count("stat") == 2
    assert script.count("sha256sum") == 2


def test_a_batch_gives_each_file_what_its_own_probe_would() -> None:
    output = f"f-d\n644 root root\n755 dev dev\n{SHA}  /a\n"
    assert File.batch_states([MOTD] * 3, output) == [
        f"f\n644 root root\n{SHA}  /a",
        "-",
        "d\n755 dev dev",
    ]


def test_a_template_is_a_file_of_what_it_renders_to() -> None:
    template = Template("/etc/motd", "{{ word }}\n", {"word": "hello"})
    assert template.plan(ok(), FACTS) is None


def test_a_template_with_a_variable_that_is_not_given_is_an_error() -> None:
    with pytest.raises(ValueError, match="'word' is undefined"):
        Template("/etc/motd", "{{ word }}").plan("-", FACTS)


def test_a_directory_that_is_right_calls_for_no_change() -> None:
    assert Directory("/srv/x", mode="0700").plan("d\n700 root root", FACTS) is None


def test_a_directory_is_made_with_mode_and_owner() -> None:
    change = Directory("/srv/x", mode="0700", owner="dev").plan("-", FACTS)
    assert change is not None
    assert change.script == "mkdir -p -- /srv/x\nchown dev: -- /srv/x\nchmod 0700 -- /srv/x"


def test_a_file_in_the_place_of_a_directory_is_left_to_the_person() -> None:
    change = Directory("/srv/x").plan("f\n644 root root", FACTS)
    assert change is not None
    assert change.script == ""


def test_a_link_below_the_home_is_compared_with_the_real_home() -> None:
    link = Link("~/x", "~/y z")
    assert link.plan("l\n/home/dev/y z", FACTS) is None
    change = link.plan("-", FACTS)
    assert change is not None
    assert change.script == 'mkdir -p -- "$HOME"\nln -sfnT -- \'/home/dev/y z\' "$HOME"/x'


def test_what_is_no_link_is_never_replaced_by_one() -> None:
    change = Link("/usr/local/bin/node", "/opt/node/bin/node").plan("o", FACTS)
    assert change is not None
    assert change.script == ""
