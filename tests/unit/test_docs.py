from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from invoke.parser import Argument

import nopal
from nopal import schema
from nopal.paths import Paths
from profiles.catalogue import BUILT_IN, load

CHECKOUT = Path(__file__).parents[2]
PAGES = sorted(
    page for place in ("*.md", "docs/*.md", "examples/*/*.md") for page in CHECKOUT.glob(place)
)
VERBS = (*nopal.ns.tasks.values(), nopal.ns["claude"], nopal.ns["codex"])
# Asked once, before any test: a task hands its help out a single time.
FLAGS = [(task.name, argument) for task in VERBS for argument in task.get_arguments()]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def manual() -> str:
    return text_of(CHECKOUT / "docs" / "manual.md")


def readme() -> str:
    return text_of(CHECKOUT / "README.md")


def anchors_of(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(path)), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def section(text: str, heading: str) -> str:
    """Return what stands below a heading of the second level."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def profiles_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "profiles_page", CHECKOUT / "docs" / "profiles_page.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", text_of(page))):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_begins_with_the_two_commands() -> None:
    first, second = readme().split("```console\n")[1].splitlines()[:2]
    assert first == "$ pip install -e . && inv up --yes"
    assert second == "$ pip install -e '.[test]' && pytest"
    assert readme().index(first) < len("# nopal") + 20


def test_every_verb_is_in_the_manual() -> None:
    verbs = section(manual(), "Verbs")
    missing = [
        name
        for task in VERBS
        for name in (task.name, *task.aliases)
        if f"`{name}`" not in verbs and f'`{name} "COMMAND"`' not in verbs
    ]
    assert missing == []


def test_every_flag_of_a_verb_is_in_the_manual() -> None:
    shown = section(manual(), "Verbs") + section(manual(), "Agents and their sessions")
    missing = {
        f"{verb} {flag_of(argument)}"
        for verb, argument in FLAGS
        if not argument.positional and f"`{flag_of(argument)}" not in shown
    }
    assert missing == set()


def flag_of(argument: Argument) -> str:
    """Return what one would type: a flag that is on by itself is only typed to turn it off."""
    off = "no-" if argument.default is True else ""
    return f"--{off}{(argument.name or '').strip('_').replace('_', '-')}"


def test_every_flag_has_a_word_of_help() -> None:
    silent = {f"{verb} --{argument.name}" for verb, argument in FLAGS if not argument.help}
    assert silent == set()


def test_every_key_of_the_project_files_is_in_the_manual() -> None:
    keys = section(manual(), "Keys of the project files")
    structs = (schema.RepoFile, schema.PersonKeys, schema.RepoTable, schema.GitTable)
    names = {field.name for struct in structs for field in msgspec.structs.fields(struct)}
    assert {name for name in names if f"`{name}`" not in keys} == set()


def test_keys_that_only_the_person_may_set_stand_in_a_table_of_their_own() -> None:
    shared, _, own = section(manual(), "Keys of the project files").partition("Only `.nopal.toml`")
    assert {key for key in schema.PERSON_ONLY if f"\n| `{key}`" not in own} == set()
    assert {key for key in schema.PERSON_ONLY if f"\n| `{key}`" in shared} == set()


def test_every_variable_of_the_environment_is_in_the_manual() -> None:
    table = section(manual(), "Environment variables")
    read = set(re.findall(r"NOPAL_[A-Z]+", Paths.from_environment.__doc__ or ""))
    assert read
    assert {name for name in read if f"`{name}`" not in table} == set()


def test_every_step_kind_is_in_the_manual() -> None:
    import provision  # noqa: PLC0415
    from provision import Step  # noqa: PLC0415

    kinds = {
        name
        for name in dir(provision)
        if isinstance(found := getattr(provision, name), type)
        and issubclass(found, Step)
        and found is not Step
    }
    steps = manual().partition("### Steps")[2]
    assert {kind for kind in kinds if f"`{kind}`" not in steps} == set()


def test_the_profiles_page_is_what_the_profiles_say() -> None:
    committed = text_of(CHECKOUT / "docs" / "profiles.md")
    assert committed == profiles_page().page(), "run: inv docs"


def test_every_profile_and_option_is_on_the_profiles_page() -> None:
    page = text_of(CHECKOUT / "docs" / "profiles.md")
    for name in BUILT_IN:
        words = section(page, name)
        assert words
        options = load()[name].option_names
        assert {option for option in options if f"| `{option}` |" not in words} == set()


def test_the_readmes_python_is_python() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", readme() + manual(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")
