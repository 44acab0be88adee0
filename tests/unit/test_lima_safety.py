from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from lima.errors import UnreadableAnswer, UnsafeInstance
from lima.images import catalogue
from lima.instance import decode
from lima.safety import assert_safe, carries_agent
from lima.spec import MachineSpec, Mount, PortForward
from lima.template import render

SPEC = MachineSpec(
    name="blog", image=catalogue("debian-13", "x86_64"), vm_type="qemu", machine="x86_64"
)
SHARED = replace(SPEC, mounts=(Mount(Path("/code"), writable=True),))
DENY = {
    "guestIPMustBeZero": False,
    "guestIP": "0.0.0.0",
    "guestPortRange": [1, 65535],
    "hostIP": "127.0.0.1",
    "hostPortRange": [1, 65535],
    "proto": "any",
    "ignore": True,
}


def recorded(spec: MachineSpec = SPEC) -> dict[str, Any]:
    """One line of `limactl list --json` of Lima 2.2.0, without what nopal does not read."""
    template = yaml.safe_load(render(spec))
    provision = template["provision"]
    return {
        "name": "blog",
        "hostname": "lima-blog",
        "status": "Running",
        "dir": "/h/blog",
        "vmType": "qemu",
        "arch": "x86_64",
        "cpus": 2,
        "memory": 4294967296,
        "disk": 21474836480,
        "sshLocalPort": 46571,
        "protected": False,
        "limaVersion": "2.2.0",
        "HostOS": "linux",
        "config": {
            "minimumLimaVersion": "2.2.0",
            "ssh": {"localPort": 0, "loadDotSSHPubKeys": False, "forwardAgent": False},
            "containerd": {"system": False, "user": False, "archives": [{"location": "x"}]},
            "provision": provision,
            "portForwards": [DENY],
            "propagateProxyEnv": False,
            "user": {"name": "dev", "uid": 1000, "home": "/home/dev", "shell": "/bin/bash"},
            "caCerts": {"removeDefaults": False},
            "timezone": "Etc/UTC",
            **{key: template[key] for key in ("mounts", "mountType") if key in template},
        },
    }


def check(record: dict[str, Any], spec: MachineSpec = SPEC) -> None:
    (instance,) = decode(json.dumps(record) + "\n")
    assert_safe(instance, spec)


def test_a_machine_as_the_template_makes_it_is_safe() -> None:
    check(recorded())


def test_ports_that_the_project_lists_are_fine() -> None:
    record = recorded()
    listed = {
        **DENY,
        "guestPortRange": [3000, 3000],
        "hostPortRange": [13000, 13000],
        "proto": "tcp",
        "ignore": False,
    }
    record["config"]["portForwards"] = [listed, DENY]
    check(record, replace(SPEC, ports=(PortForward(3000, 13000),)))


def test_mounts_that_the_person_asked_for_are_fine() -> None:
    check(recorded(SHARED), SHARED)


def test_a_server_that_knows_more_than_the_mounted_folders_is_found() -> None:
    for key, value in (("mountType", "9p"), ("mounts", [{"location": "/code", "writable": True}])):
        record = recorded(SHARED)
        record["config"][key] = value
        with pytest.raises(UnsafeInstance, match="more than the mounted folders"):
            check(record, SHARED)


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "a mount": lambda c: c.update(mounts=[{"location": "/home/al"}]),
    "the agent": lambda c: c["ssh"].update(forwardAgent=True),
    "X11": lambda c: c["ssh"].update(forwardX11=True),
    "the person's keys": lambda c: c["ssh"].update(loadDotSSHPubKeys=True),
    "containerd": lambda c: c["containerd"].update(user=True),
    "containerd by default": lambda c: c.pop("containerd"),
    "proxy variables": lambda c: c.update(propagateProxyEnv=True),
    "proxy variables by default": lambda c: c.pop("propagateProxyEnv"),
    "no rule for ports": lambda c: c.update(portForwards=[]),
    "ports by default": lambda c: c.pop("portForwards"),
    "a rule before ours": lambda c: c["portForwards"].insert(0, {**DENY, "ignore": False}),
    "a rule for zero addresses only": lambda c: c.update(
        portForwards=[{**DENY, "guestIPMustBeZero": True}]
    ),
    "a socket": lambda c: c["portForwards"].append({"guestSocket": "/a", "hostSocket": "/b"}),
    "another user": lambda c: c["user"].update(name="al", uid=501),
    "a script": lambda c: c["provision"].append({"mode": "system", "script": "curl"}),
    "our script, changed": lambda c: c["provision"][0].update(script="#!/bin/sh\ncurl\n"),
    "a file": lambda c: c["provision"].append({"mode": "data", "path": "/etc/sudoers"}),
    "copies to the host": lambda c: c.update(copyToHost=[{"guest": "/a", "host": "/b"}]),
    "a network": lambda c: c.update(networks=[{"lima": "user-v2"}]),
    "a disk": lambda c: c.update(additionalDisks=[{"name": "data"}]),
    "environment": lambda c: c.update(env={"TOKEN": "x"}),
    "an authority": lambda c: c["caCerts"].update(files=["/tmp/ca.crt"]),
    "an authority inside": lambda c: c["caCerts"].update(certs=["-----BEGIN"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_machine_with_more_than_its_spec_is_unsafe(change: Change) -> None:
    record = recorded()
    change(record["config"])
    with pytest.raises(UnsafeInstance) as unsafe:
        check(record)
    assert len(unsafe.value.differences) == 1


def test_every_difference_is_listed() -> None:
    record = recorded()
    record["config"]["ssh"]["forwardAgent"] = True
    record["config"]["mounts"] = [{"location": "/home/al", "writable": True}]
    with pytest.raises(UnsafeInstance, match=r"(?s)/home/al \(writable\).*agent"):
        check(record)


def test_a_machine_whose_configuration_lima_cannot_read_is_unsafe() -> None:
    record = recorded()
    del record["config"]
    with pytest.raises(UnsafeInstance):
        check(record)


def test_a_broken_machine_is_listed_with_whatever_lima_says_of_it() -> None:
    line = {"name": "a", "dir": "/h/a", "status": "Broken", "errors": [{"Op": "open"}, "no"]}
    (instance,) = decode(json.dumps(line))
    assert instance.is_broken


def test_keys_that_a_later_lima_adds_are_fine() -> None:
    record = recorded()
    record["new"] = record["config"]["new"] = {"a": [1]}
    check(record)


@pytest.mark.parametrize("output", ["No instance found", '{"name": "a"}', '{"name": 1, "dir": ""}'])
def test_an_answer_of_another_shape_is_an_error(output: str) -> None:
    with pytest.raises(UnreadableAnswer):
        decode(output)


def test_no_output_means_no_machines() -> None:
    assert decode("") == ()


AGENT = replace(SPEC, agent_socket=Path("/k/s/blog.sock"))
CARRIED = {
    "guestIPMustBeZero": False,
    "guestIP": "127.0.0.1",
    "guestPortRange": [1, 65535],
    "guestSocket": "/run/user/1000/nopal-agent.sock",
    "hostIP": "127.0.0.1",
    "hostPortRange": [0, 0],
    "hostSocket": "/k/s/blog.sock",
    "proto": "any",
    "reverse": True,
}


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    record = recorded()
    record["config"]["portForwards"] = list(rules)
    return record


def test_a_machine_with_its_own_agent_is_safe_and_so_is_one_from_before_it() -> None:
    check(with_rules(CARRIED, DENY), AGENT)
    check(with_rules(DENY), AGENT)
    (instance,) = decode(json.dumps(with_rules(CARRIED, DENY)))
    assert carries_agent(instance, AGENT)
    assert not carries_agent(instance, SPEC)


@pytest.mark.parametrize(
    "change",
    [
        {"hostSocket": "/run/user/0/ssh-agent"},
        {"guestSocket": "/tmp/agent.sock"},
        {"reverse": False},
    ],
)
def test_any_other_socket_in_a_machine_is_a_difference(change: dict[str, Any]) -> None:
    with pytest.raises(UnsafeInstance):
        check(with_rules({**CARRIED, **change}, DENY), AGENT)
    with pytest.raises(UnsafeInstance):
        check(with_rules(CARRIED, DENY), SPEC)
