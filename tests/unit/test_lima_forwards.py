from __future__ import annotations

from lima.forwards import Forward, announced, listed
from lima.instance import InstanceConfig, InstancePortForward


def port(kind: str, guest: str, host: str) -> dict[str, object]:
    return {"portForward": {"type": kind, "protocol": "tcp", "guestAddr": guest, "hostAddr": host}}


def test_the_forwards_are_those_that_began_and_did_not_stop() -> None:
    told = [
        port("forwarding", "127.0.0.1:3000", "127.0.0.1:3000"),
        port("forwarding", "[::1]:8080", "127.0.0.1:18080"),
        port("stopping", "127.0.0.1:3000", "127.0.0.1:3000"),
        port("not-forwarding", "127.0.0.1:22", ""),
        {"portForward": "nonsense"},
    ]
    assert announced(told) == (Forward("tcp", 8080, 18080),)


def rule(guest: tuple[int, int], host: tuple[int, int], **more: bool) -> InstancePortForward:
    return InstancePortForward(guest_port_range=guest, host_port_range=host, **more)


def test_the_rules_name_ports_and_ranges_but_not_whatever_listens() -> None:
    config = InstanceConfig(
        port_forwards=[
            rule((3000, 3001), (8000, 8001)),
            rule((22, 22), (22, 22), ignore=True),
            rule((1, 65535), (1, 65535)),
            rule((0, 0), (0, 0), reverse=True),
        ]
    )
    assert listed(config) == (Forward("tcp", 3000, 8000), Forward("tcp", 3001, 8001))
    assert listed(InstanceConfig()) == listed(None) == ()
