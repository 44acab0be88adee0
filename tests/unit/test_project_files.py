"""What project files may say, and what is answered when they say something else."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_builder import BLOG_URL, Desk

from nopal.built_in import HostSize
from nopal.errors import (
    BadName,
    MissingKey,
    PersonOnlyKey,
    ProjectError,
    ProjectFaults,
    UnknownKey,
    UnreadableFile,
    WrongValue,
)
from nopal.load import load_project, project_names
from nopal.paths import Paths
from nopal.project import GIB, ImageChoice, Mount, PortMapping, RepoEntry
from nopal.project_file import parse_toml, trusts_owner
from nopal.schema import PERSON_ONLY

DIGEST = "sha256:" + "0a" * 32


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# Merging


def test_without_any_file_the_project_is_default_with_built_in_values(desk: Desk) -> None:
    project = desk.load()
    assert (project.name, project.cpus, project.memory_gib) == ("default", 4, 8)
    assert project.mounts == ()
    assert {origin.layer for origin in project.provenance.values()} == {"built-in"}


def test_a_small_host_gives_no_more_than_it_has(desk: Desk) -> None:
    project = desk.load(host=HostSize(cpus=2, memory_bytes=5 * GIB))
    assert (project.cpus, project.memory_gib) == (2, 2)


def test_later_layers_win_key_by_key_and_each_value_knows_its_line(desk: Desk) -> None:
    desk.write_person(
        "[defaults]\ncpus = 1\nshell = 'zsh'\nlocale = 'de_DE.UTF-8'\ndisk = '10GiB'\n"
        "[projects.blog]\nshell = 'fish'\ndisk = '20GiB'\n"
    )
    desk.write_repo("name = 'blog'\ncpus = 2\nshell = 'bash'\n")
    project = desk.load(flags={"disk": "30GiB"})
    assert (project.locale, project.cpus, project.shell, project.disk_gib) == (
        "de_DE.UTF-8",
        2,
        "fish",
        30,
    )
    found = {
        key: (origin.layer, origin.file, origin.line)
        for key, origin in project.provenance.items()
        if key in ("locale", "cpus", "shell", "disk", "memory")
    }
    assert found == {
        "memory": ("built-in", None, None),
        "locale": ("defaults", desk.person_file, 4),
        "cpus": ("repo", desk.repo_file, 2),
        "shell": ("project", desk.person_file, 7),
        "disk": ("flag", None, None),
    }


def test_options_and_git_are_merged_inside_lists_are_replaced(desk: Desk) -> None:
    desk.write_person(
        "[defaults]\nprofiles = ['node']\ngit = {name = 'A', email = 'a@x'}\n"
        "[defaults.options.docker]\nsource = 'debian'\nmirror = 'm'\n"
        "[projects.blog.git]\nemail = 'b@x'\n[projects.blog.options.docker]\nmirror = 'n'\n"
    )
    desk.write_repo("name = 'blog'\nprofiles = ['docker']\n[options.docker]\nsource = 'docker'\n")
    project = desk.load()
    assert project.options == {"docker": {"source": "docker", "mirror": "n"}}
    assert (project.git_name, project.git_email) == ("A", "b@x")
    assert project.profiles == ("docker",)
    assert project.provenance["options.docker.source"].line == 4


def test_an_explicit_empty_list_is_respected(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\nrepos = []\nprofiles = []\n")
    project = desk.load()
    assert (project.repos, project.profiles) == ((), ())


def test_a_repo_that_names_no_repos_is_cloned_itself(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\n")
    assert desk.load().repos == (RepoEntry(BLOG_URL),)


def test_a_token_in_the_origins_url_does_not_reach_the_project(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\n")
    project = desk.load(origin="https://me:secret@github.com/me/blog.git")
    assert project.repos == (RepoEntry("https://github.com/me/blog.git"),)


def test_an_origin_on_this_host_is_not_cloned(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\n")
    assert desk.load(origin="/srv/git/blog.git").repos == ()


# Values


def test_every_key_of_a_persons_project_reaches_the_project(desk: Desk) -> None:
    desk.write_person(f"""[projects.blog]
image = "https://example.org/x.qcow2#{DIGEST}"
cpus = 3
memory = "512MiB"
disk = "9GiB"
profiles = ["docker"]
repos = ["git@h:a/b.git", {{url = "https://h/c", branch = "dev", path = "deep/c"}}]
ports = [8080, "3000-3001", {{guest = 80, host = 8000}}]
shell = "fish"
autonomy = "full"
signing = false
signing_key = "~/.ssh/id.pub"
allowed_signers = ["a@b ssh-ed25519 AAAA"]
mounts = ["~/code:rw", "/data:ro"]
git = {{name = "Foo; #Bar \\"B\\" ñ", email = "a@b"}}
timezone = "America/Argentina/Buenos_Aires"
locale = "ca_ES.UTF-8@valencia"
extra_ca = ["~/ca.pem"]
""")
    project = desk.load("blog")
    home = desk.root / "home"
    assert project.image == ImageChoice(location="https://example.org/x.qcow2", digest=DIGEST)
    assert (project.cpus, project.memory_bytes, project.disk_bytes) == (3, GIB // 2, 9 * GIB)
    assert project.repos[1] == RepoEntry("https://h/c", "dev", "deep/c")
    assert isinstance(project.ports, tuple)
    assert project.ports[1:] == (
        PortMapping((3000, 3001), (3000, 3001)),
        PortMapping((80, 80), (8000, 8000)),
    )
    assert project.ports[1].pairs == ((3000, 3000), (3001, 3001))
    assert (project.shell, project.autonomy, project.signing) == ("fish", "full", False)
    assert project.mounts == (Mount(home / "code", is_writable=True), Mount(Path("/data")))
    assert (project.git_name, project.extra_ca) == ('Foo; #Bar "B" ñ', (home / "ca.pem",))
    assert project.provenance["repos[1]"].line == 7


@pytest.mark.parametrize(
    ("line", "key", "found"),
    [
        ("cpus = 'four'", "cpus", '"four"'),
        ("cpus = true", "cpus", "true"),
        ("cpus = 0", "cpus", "0"),
        ("cpus = 2.0", "cpus", "2.0"),
        ("memory = '8GB'", "memory", '"8GB"'),
        ("memory = 8", "memory", "8"),
        ("memory = '8 GiB'", "memory", '"8 GiB"'),
        ("disk = '0GiB'", "disk", '"0GiB"'),
        ("disk = '-1GiB'", "disk", '"-1GiB"'),
        ("disk = '1GiB'", "disk", '"1GiB"'),
        ("memory = '64MiB'", "memory", '"64MiB"'),
        ("profiles = 'docker'", "profiles", '"docker"'),
        ("profiles = ['../evil']", "profiles[0]", '"../evil"'),
        ("profiles = ['a', '/abs']", "profiles[1]", '"/abs"'),
        ("options = {'../x' = {a = 1}}", 'options."../x"', "the name of no profile"),
        ("repos = 'git@h:a/b'", "repos", '"git@h:a/b"'),
        ("repos = [3]", "repos[0]", "3"),
        ("repos = [{url = 'x', path = '../../etc'}]", "repos[0]", None),
        ("repos = [{url = 'x', path = '/etc'}]", "repos[0]", None),
        ("repos = [{url = 'x', path = '~/.ssh'}]", "repos[0]", None),
        ("repos = [{url = 'x', path = '-f'}]", "repos[0]", None),
        ("ports = 'al'", "ports", '"al"'),
        ("ports = [0]", "ports[0]", "0"),
        ("ports = ['9-8']", "ports[0]", '"9-8"'),
        ("ports = ['1-99999']", "ports[0]", '"1-99999"'),
        ("ports = [22]", "ports[0]", '"22"'),
        ("ports = [80, {guest = 1, host = 80}]", "ports[1]", None),
        ("ports = [{guest = '1-2', host = 80}]", "ports[0]", None),
        ("ports = ['1024-65535']", "ports", None),
        ("shell = 'zhs'", "shell", '"zhs"'),
        ("timezone = '../../etc/passwd'", "timezone", None),
        ("timezone = 'UTC; id'", "timezone", None),
        ("locale = 'C $(id)'", "locale", None),
        ("image = 'debian-12'", "image", '"debian-12"'),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    desk: Desk, line: str, key: str, found: str | None
) -> None:
    desk.write_repo(f"name = 'blog'\n\n{line}\n")
    (fault,) = desk.faults()
    assert isinstance(fault, WrongValue)
    assert (fault.key, fault.place.file, fault.place.line) == (key, desk.repo_file, 3)
    assert found in (None, fault.found)
    assert len(str(fault).splitlines()) <= 3


@pytest.mark.parametrize(
    "line",
    [
        "autonomy = 'yolo'",
        "signing = 'false'",
        "signing = 0",
        "git = 'me'",
        "mounts = ['/x']",
        "mounts = ['relative:rw']",
        "mounts = ['~other:rw']",
        "extra_ca = ['ca.pem']",
        "image = '/x.qcow2'",
        "image = '/x.qcow2#sha256:12'",
        f"image = 'http://h/x#{DIGEST}'",
    ],
)
def test_a_wrong_value_in_the_persons_file_is_refused_too(desk: Desk, line: str) -> None:
    desk.write_person(f"[projects.blog]\n{line}\n")
    (fault,) = desk.faults("blog")
    assert isinstance(fault, WrongValue)
    assert fault.place.line == 2


def test_an_error_about_a_unit_says_which_units_there_are(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\nmemory = '8GB'\n")
    (fault,) = desk.faults()
    assert str(fault) == (
        f'{desk.repo_file}:2: `memory` is "8GB"\n'
        '  allowed: a size with its unit, GiB or MiB, such as "8GiB" or "512MiB"'
    )


def test_an_error_about_a_choice_lists_it_with_the_nearest_word(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\nshell = 'zhs'\n")
    (fault,) = desk.faults()
    assert str(fault).endswith('allowed: "bash", "zsh" or "fish"; did you mean `zsh`?')


def test_all_faults_of_both_files_and_the_flags_are_listed_at_once(desk: Desk) -> None:
    desk.write_person("[defaults]\ncpu = 1\n[projects.blog]\nmemory = 1\n")
    desk.write_repo("name = 'blog'\nmounts = []\nrepos = [1, {brnach = 'x', url = 'u'}, {}]\n")
    faults = desk.faults(flags={"cpus": "many"})
    assert [(type(fault), fault.place.line) for fault in faults] == [
        (UnknownKey, 2),
        (WrongValue, 4),
        (PersonOnlyKey, 2),
        (WrongValue, 3),
        (UnknownKey, 3),
        (MissingKey, 3),
        (WrongValue, None),
    ]
    assert str(faults[-1]).startswith('command line: `--cpus` is "many"')


# Keys


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("cpu = 1", "cpu", "cpus"),
        ("name = 'b'\n[option.docker]\nx = 1", "option", "options"),
        ("repos = [{url = 'u', brunch = 'x'}]", "repos[0].brunch", "branch"),
        ("egress = 'open'", "egress", ""),
        ("forward_agent = true", "forward_agent", ""),
    ],
)
def test_an_unknown_key_gets_its_nearest_right_name(
    desk: Desk, text: str, key: str, nearest: str
) -> None:
    desk.write_repo(text)
    (fault,) = desk.faults()
    assert isinstance(fault, UnknownKey)
    assert (fault.key, fault.nearest) == (key, nearest)


def test_an_unknown_table_of_the_persons_file_is_an_error(desk: Desk) -> None:
    desk.write_person("[default]\ncpus = 1\n[project.blog]\n")
    faults = desk.faults()
    assert [(str(one), one.place.line) for one in faults] == [
        (f"{desk.person_file}:1: unknown key `default`\n  did you mean `defaults`?", 1),
        (f"{desk.person_file}:3: unknown key `project`\n  did you mean `projects`?", 3),
    ]


@pytest.mark.parametrize("text", ["defaults = 1", "projects = []", "[projects]\nblog = 1"])
def test_a_value_where_a_table_belongs_is_an_error(desk: Desk, text: str) -> None:
    desk.write_person(text)
    (fault,) = desk.faults()
    assert "allowed: a table" in str(fault)


@pytest.mark.parametrize("key", sorted(PERSON_ONLY))
def test_a_repo_can_not_set_what_widens_the_machines_reach(desk: Desk, key: str) -> None:
    desk.write_repo(f"name = 'blog'\n{key} = 1\n")
    (fault,) = desk.faults()
    assert str(fault) == (
        f"{desk.repo_file}:2: `{key}` can't be set by a repo, only by you\n"
        f"  if you want it, put it under [projects.blog] in {desk.person_file}"
    )


def test_logins_are_given_to_one_project_each_and_by_a_name(desk: Desk) -> None:
    desk.write_person('[projects.blog.agents]\nclaude = "work"\n')
    assert desk.load("blog").agents == {"claude": "work"}
    desk.write_person('[defaults.agents]\nclaude = "work"\n')
    (fault,) = desk.faults("blog")
    assert "given to chosen projects" in str(fault)
    desk.write_person('[projects.blog.agents]\nclaude = "../work"\n')
    (fault,) = desk.faults("blog")
    assert "such as" in str(fault)


def test_the_persons_own_keys_are_the_ones_that_reach_the_host() -> None:
    assert (
        frozenset(
            {
                "agents",
                "autonomy",
                "signing",
                "signing_key",
                "allowed_signers",
                "mounts",
                "secrets",
                "secrets_dotenv",
                "skills",
                "checkpoint_memory",
                "notify",
                "keys",
                "mode",
                "git",
                "extra_ca",
                "watch",
            }
        )
        == PERSON_ONLY
    )


@pytest.mark.parametrize("image", ["/etc/passwd", "~/disk", "https://h/x", f"../x#{DIGEST}"])
def test_a_repo_can_not_choose_an_image_by_path_or_url(desk: Desk, image: str) -> None:
    desk.write_repo(f"name = 'blog'\nimage = '{image}'\n")
    (fault,) = desk.faults()
    assert isinstance(fault, PersonOnlyKey)


# Files


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        (b"a = 1\nb = = 2\n", "this is not TOML", 2),
        (b"a = 1\na = 2\n", "this is not TOML", None),
        (b"a = [", "this is not TOML", 1),
        (b"a = 1\nb = '\xff'\n", "the file is not UTF-8", 2),
        (b"a = " + b"[" * 5000, "tables or arrays are nested too deep", None),
        (b"a = " + b"[" * 50 + b"]" * 50, "more than 12", None),
        (b".".join([b"a"] * 300) + b" = 1", "more than 12", None),
        (b"\n" + b".".join([b"a"] * 30_000) + b" = 1", "a line with more than 500 dots", 2),
        (b"a = " + b"9" * 5000, "a number or date is out of range", None),
    ],
    ids=["syntax", "twice", "cut", "latin-1", "brackets", "deep", "dotted", "dots", "digits"],
)
def test_a_file_that_is_no_sane_toml_is_refused(data: bytes, reason: str, line: int | None) -> None:
    with pytest.raises(ProjectFaults) as caught:
        parse_toml(Path("x.toml"), data)
    (fault,) = caught.value.faults
    assert isinstance(fault, UnreadableFile)
    assert fault.reason.startswith(reason)
    assert line in (None, fault.place.line)


@pytest.mark.parametrize(
    "text",
    [
        r'name = "blog\u001b[2J"',
        'name = "blog"\ntimezone = "a\\nb"',
        'name = "blog"\nrepos = ["a\\u0000b"]',
        'name = "blog"\nrepos = ["a\u202eb"]',
        'name = "blog"\n[options.docker]\n"a\\nb" = 1',
        'name = "blog"\n[options.docker]\nx = "a\\u0007"',
        'name = "blog"\n[options.docker]\nx = 0x' + "f" * 5000,
    ],
)
def test_control_characters_and_huge_numbers_are_refused_and_not_printed(
    desk: Desk, text: str
) -> None:
    desk.write_repo(text)
    shown = "\n".join(map(str, desk.faults()))
    assert all(letter.isprintable() or letter == "\n" for letter in shown)


def test_an_options_text_may_have_several_lines(desk: Desk) -> None:
    desk.write_repo('name = "blog"\n[options.claude]\nmemory = """a\n\tb"""')
    assert desk.load().options == {"claude": {"memory": "a\n\tb"}}


def test_a_repo_file_that_is_a_link_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    desk.write_repo("")
    desk.repo_file.unlink()
    (tmp_path / "secret").write_text("password = 1")
    desk.repo_file.symlink_to(tmp_path / "secret")
    (fault,) = desk.faults()
    assert "symbolic link" in str(fault)
    assert "password" not in str(fault)


def test_the_persons_file_may_be_a_link(desk: Desk, tmp_path: Path) -> None:
    desk.write_person("")
    desk.person_file.unlink()
    (tmp_path / "dotfiles.toml").write_text("[projects.blog]\n")
    desk.person_file.symlink_to(tmp_path / "dotfiles.toml")
    assert desk.load("blog").is_in_person_file


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_a_repo_file_that_is_no_file_is_refused_at_once(desk: Desk, kind: str) -> None:
    desk.write_repo("")
    desk.repo_file.unlink()
    if kind == "folder":
        desk.repo_file.mkdir()
    else:
        os.mkfifo(desk.repo_file)
    (fault,) = desk.faults()
    assert "no regular file" in str(fault) or "Is a directory" in str(fault)


def test_a_repo_file_of_unusual_length_is_refused(desk: Desk) -> None:
    desk.write_repo("#" * 100_000)
    (fault,) = desk.faults()
    assert "longer than 64 KiB" in str(fault)


def test_a_flood_of_faults_is_cut_short(desk: Desk) -> None:
    desk.write_repo("\n".join(f"k{index}{'x' * 90} = 1" for index in range(300)))
    lines = str(ProjectFaults(desk.faults())).splitlines()
    assert len(lines) < 80
    assert lines[-1] == "… and 275 more"


@pytest.mark.parametrize(
    ("owner", "user", "is_trusted"),
    [(1000, 1000, True), (0, 1000, True), (1001, 1000, False), (1001, 0, True)],
)
def test_another_user_s_repo_file_does_not_speak(owner: int, user: int, is_trusted: bool) -> None:
    assert trusts_owner(owner, user) is is_trusted


def test_a_folder_s_name_reaches_the_terminal_without_control_characters(tmp_path: Path) -> None:
    folder = tmp_path / "\x1b[2J"
    folder.mkdir()
    (fault,) = Desk(folder).write_repo("cpu = 1").faults()
    assert "\x1b" not in str(fault)


def test_windows_line_ends_do_not_shift_lines(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\r\n\r\ncpu = 1\r\n")
    (fault,) = desk.faults()
    assert fault.place.line == 3


# Names


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/b", "-rf", "a--b", "a b", ".x", "a.yaml", "x" * 70, "é", "$(id)", "a\\u000ab"],
)
def test_a_name_that_can_not_be_a_machines_is_refused_with_its_line(desk: Desk, name: str) -> None:
    desk.write_person(f'\n[projects."{name}"]\n')
    faults = desk.faults()
    assert faults[-1].place.line == 2
    assert isinstance(faults[-1], BadName) or "control" in str(faults[-1])
    desk.write_person("").write_repo(f'cpus = 1\nname = "{name}"\n')
    assert desk.faults()


def test_two_names_of_one_host_name_are_refused(desk: Desk) -> None:
    desk.write_person("[projects.my-app]\n[projects.My_app]\n")
    (fault,) = desk.faults()
    assert isinstance(fault, BadName)
    assert fault.place.line == 2


def test_a_bad_name_on_the_command_line_is_refused(desk: Desk) -> None:
    (fault,) = desk.faults("../x")
    assert isinstance(fault, BadName)


def test_a_home_too_deep_for_any_machine_is_said_before_all_else(desk: Desk) -> None:
    paths = Paths.from_environment(
        {"NOPAL_HOME": "/" + "deep/" * 20}, is_root=False, home=desk.root
    )
    with pytest.raises(ProjectFaults) as caught:
        load_project("", paths=paths, cwd=desk.root, origin_of=lambda _: "")
    assert "set NOPAL_HOME to a shorter path" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_project_names_are_the_persons_and_none_when_the_file_is_broken(desk: Desk) -> None:
    assert project_names(desk.paths) == []
    assert project_names(desk.write_person("[projects.b]\n[projects.a]").paths) == ["a", "b"]
    assert project_names(desk.write_person("[projects").paths) == []


# Any input

KEYS = st.sampled_from(
    ["name", "cpus", "memory", "ports", "repos", "options", "profiles", "image", "git", "shell"]
)
PIECES = st.one_of(
    KEYS,
    st.sampled_from(
        ["=", " = ", "[", "]", "{", "}", "\n", "'", '"', '"""', ".", ",", "1", "true", "defaults"]
    ),
    st.sampled_from(["\\u0000", "projects", "'x'", "[[", "]]", "1979-01-01", "[1]", "{url='x'}"]),
)


@given(data=st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_any_bytes_load_or_are_refused_with_a_project_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes | str
) -> None:
    desk = Desk(tmp_path_factory.getbasetemp() / "any").write_repo("").write_person("")
    raw = data.encode() if isinstance(data, str) else data
    for file in (desk.repo_file, desk.person_file):
        file.write_bytes(raw)
        with suppress(ProjectError):
            desk.load()
        file.write_bytes(b"name = 'blog'\n" if file == desk.repo_file else b"")


JSON_LIKE = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.floats(), st.text(max_size=5), st.dates().map(str)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


@given(key=KEYS, value=JSON_LIKE)
def test_any_value_of_any_key_loads_or_is_refused_with_a_project_error(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    desk = Desk(tmp_path_factory.getbasetemp() / "flags")
    with suppress(ProjectError):
        desk.load(cwd=tmp_path_factory.getbasetemp(), flags={key: value})


def test_a_project_says_whether_detached_agents_can_be_undone(desk: Desk) -> None:
    assert desk.load().checkpoint == "never"
    desk.write_repo("name = 'blog'\ncheckpoint = 'detached'\n")
    assert desk.load().checkpoint == "detached"
    desk.write_repo("name = 'blog'\ncheckpoint = 'always'\n")
    (fault,) = desk.faults()
    assert 'allowed: "never" or "detached"' in str(fault)
