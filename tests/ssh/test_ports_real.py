from __future__ import annotations

import socket

from lima.spec import PortForward
from nopal.ports import taken


def test_a_port_that_something_listens_on_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        forward = PortForward(guest=80, host=other.getsockname()[1])
        assert taken([forward]) == (forward,)
    assert taken([forward]) == ()
