from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lima.errors import UnsafeText
from lima.image_build import Recipe
from lima.images import catalogue
from lima.quoting import LimaTemplated, yaml_scalar
from lima.spec import MachineSpec, Mount, PortForward
from lima.template import render

GOLDEN = Path(__file__).parent / "golden" / "lima"
PLAIN = MachineSpec(
    name="blog", image=catalogue("debian-13", "x86_64"), vm_type="qemu", machine="x86_64"
)
ARM = replace(PLAIN, machine="aarch64", image=catalogue("debian-13", "aarch64"))
CASES = {
    "qemu-x86_64": PLAIN,
    "qemu-aarch64": ARM,
    "vz-aarch64": replace(ARM, vm_type="vz"),
    "vz-x86_64": replace(PLAIN, vm_type="vz", image=catalogue("ubuntu-24.04", "x86_64")),
    "built-image": replace(
        PLAIN, image=Recipe("x86_64").image(Path("/images/debian-13")), timezone="Europe/Paris"
    ),
    "ports-auto": replace(PLAIN, ports="auto"),
    "ports-list": replace(PLAIN, ports=(PortForward(3000, 13000), PortForward(8080, 8080))),
    "extra-ca": replace(PLAIN, ca_files=(Path("/etc/extra/proxy ca.crt"),)),
    "mounts": replace(
        ARM,
        vm_type="vz",
        mounts=(
            Mount(Path("/Users/al/Developer"), writable=True),
            Mount(Path("/Users/al/it's {{.Home}}"), "/mnt/skills"),
        ),
    ),
    "mounts-qemu": replace(
        PLAIN,
        image=Recipe("x86_64").image(Path("/images/debian-13")),
        mounts=(Mount(Path("/home/al/code"), writable=True, keeps_git=True),),
        tells_of_changes=True,
    ),
    "mounts-qemu-official": replace(PLAIN, mounts=(Mount(Path("/home/al/code")),)),
    "agent": replace(PLAIN, agent_socket=Path("/home/al/it's {{.Home}}/blog.sock")),
    "agent-ports-auto": replace(PLAIN, ports="auto", agent_socket=Path("/k/s/blog.sock")),
    "zsh": replace(PLAIN, shell="/usr/bin/zsh", cpus=8, memory_gib=16, disk_gib=100),
}


@pytest.mark.parametrize("case", CASES)
def test_a_spec_renders_to_its_golden_lima_yaml(case: str) -> None:
    assert render(CASES[case]) == (GOLDEN / f"{case}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_every_template_is_safe_whatever_else_is_asked(case: str) -> None:
    machine = yaml.safe_load(render(CASES[case]))
    assert machine["ssh"]["forwardAgent"] is False
    assert machine["ssh"]["loadDotSSHPubKeys"] is False
    assert machine["propagateProxyEnv"] is False
    assert machine["containerd"] == {"system": False, "user": False}
    assert machine["minimumLimaVersion"] == "2.2.0"
    assert machine["user"]["name"] == "dev"
    assert len(machine["mounts"]) == len(CASES[case].mounts)
    assert "digest" in machine["images"][0] or CASES[case].image.kernel


@pytest.mark.parametrize("case", ["qemu-x86_64", "ports-list"])
def test_the_last_rule_denies_every_port_unless_all_are_wanted(case: str) -> None:
    rules = yaml.safe_load(render(CASES[case]))["portForwards"]
    assert rules[-1] == {
        "guestIP": "0.0.0.0",
        "guestIPMustBeZero": False,
        "proto": "any",
        "ignore": True,
    }


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60).filter(
    lambda text: not set(text) & set("\u2028\u2029\ufeff\ufffe\uffff")
)


@given(text=TEXT)
@settings(deadline=None)
def test_any_text_reads_back_from_yaml_as_it_was(text: str) -> None:
    assert yaml.safe_load(f"- key: {yaml_scalar(text)}\n") == [{"key": text}]


@given(text=TEXT)
@settings(deadline=None)
def test_no_text_opens_a_template_of_lima(text: str) -> None:
    written = yaml.safe_load(yaml_scalar(LimaTemplated(text)))
    assert written.replace('{{"{{"}}', "").count("{{") == 0
    assert written.replace('{{"{{"}}', "{{") == text


@given(text=st.text(max_size=40))
@settings(deadline=None)
def test_a_text_is_quoted_or_refused_and_nothing_else(text: str) -> None:
    try:
        scalar = yaml_scalar(text)
    except UnsafeText:
        return
    assert scalar.isascii()
    assert "\n" not in scalar
    assert yaml.safe_load(scalar) == text


@given(location=TEXT, authority=TEXT)
@settings(deadline=None)
def test_no_path_changes_the_rest_of_a_template(location: str, authority: str) -> None:
    mounts = (Mount(Path("/host/" + location), "/mnt/x"),)
    spec = replace(PLAIN, mounts=mounts, ca_files=(Path("/ca/" + authority),))
    machine = yaml.safe_load(render(spec))
    plain = yaml.safe_load(render(replace(PLAIN, mounts=(Mount(Path("/host")),))))
    for key in ("mounts", "caCerts"):
        machine.pop(key, None)
        plain.pop(key, None)
    assert machine == plain


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../escape"),
        ("name", "-rf"),
        ("name", "a/b"),
        ("name", "blog.yaml"),
        ("name", ""),
        ("user", "root"),
        ("user", 'dev"\nsudo'),
        ("shell", "/bin/sh\nruncmd: [reboot]"),
        ("shell", "/bin/sh #"),
        ("timezone", "Etc/UTC\nruncmd: [reboot]"),
        ("timezone", "../../etc/shadow"),
        ("ports", (PortForward(22, 2222),)),
        ("ports", (PortForward(80, 70000),)),
        ("mounts", (Mount(Path("relative")),)),
        ("mounts", (Mount(Path("/x"), "/mnt/x, defaults]"),)),
        ("mounts", (Mount(Path("/x\n- location: /"), "/mnt/x"),)),
        ("ca_files", (Path("ca.crt"),)),
        ("agent_socket", Path("agent.sock")),
        ("agent_socket", Path("/a:b/agent.sock")),
        ("agent_socket", Path("/" + "x" * 103)),
        ("agent_socket", Path("/x\n- hostSocket: /y")),
        ("cpus", 0),
    ],
)
def test_a_value_that_lima_would_pass_on_unquoted_is_refused(field: str, value: object) -> None:
    with pytest.raises(UnsafeText):
        render(replace(PLAIN, **{field: value}))  # type: ignore[arg-type]


def test_something_that_is_no_scalar_is_a_mistake_of_the_template() -> None:
    with pytest.raises(TypeError):
        yaml_scalar(["a"])
