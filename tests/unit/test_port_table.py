from __future__ import annotations

import pytest

from lima.forwards import Forward
from nopal.browser import PortNotHere, WhichPort, browser_command, choose
from nopal.guest_look import Listener
from nopal.host_listeners import HostListener
from nopal.port_table import Ports, Row, Running, as_data, as_text

OURS, SHOPS = 100, 200
NODE = Listener(3000, "tcp", "0.0.0.0", "node", 7)


def blog(*forwards: Forward) -> Running:
    return Running("blog", forwards, OURS)


def row(
    machine: Running,
    *here: HostListener,
    others: tuple[Running, ...] = (),
    listeners: tuple[Listener, ...] = (NODE,),
) -> Row:
    (found,) = Ports(machine, others, here).rows(listeners)
    return found


def test_a_port_is_here_when_the_machines_own_process_has_it() -> None:
    found = row(blog(Forward("tcp", 3000, 8000)), HostListener("tcp", 8000, OURS, "limactl"))
    assert (found.state, found.url, found.remark) == ("here", "http://127.0.0.1:8000/", "")


def test_a_port_without_a_forward_stays_inside() -> None:
    found = row(blog(), HostListener("tcp", 3000, 7, "python3"))
    assert (found.state, found.host, found.taken_by) == ("inside", 0, "")


def test_a_port_that_a_program_has_is_taken_by_it() -> None:
    found = row(blog(Forward("tcp", 3000, 8000)), HostListener("tcp", 8000, 7, "nginx"))
    assert found.state == "taken"
    assert found.remark == "port 8000 here is taken by nginx (process 7)"


def test_a_port_of_another_users_program_is_taken_too() -> None:
    found = row(blog(Forward("tcp", 3000, 8000)), HostListener("tcp", 8000))
    assert found.taken_by == "a program of another user"


def test_a_port_that_another_machine_has_is_taken_by_that_machine() -> None:
    shop = Running("shop", (Forward("tcp", 80, 8000),), SHOPS)
    holder = HostListener("tcp", 8000, SHOPS, "limactl")
    found = row(blog(Forward("tcp", 3000, 8000)), holder, others=(shop,))
    assert found.taken_by == "the machine shop"
    assert found.wanted_by == ("shop",)


def test_it_is_told_who_else_would_have_a_port_that_one_has() -> None:
    shop = Running("shop", (Forward("tcp", 80, 8000),), SHOPS)
    holder = HostListener("tcp", 8000, OURS, "limactl")
    found = row(blog(Forward("tcp", 3000, 8000)), holder, others=(shop,))
    assert (found.state, found.remark) == ("here", "shop would have it, too")


def test_a_listed_port_at_which_nothing_listens_is_idle() -> None:
    assert row(blog(Forward("tcp", 3000, 8000)), listeners=()).state == "idle"
    assert row(blog(Forward("tcp", 3000, 8000))).state == "not yet"


def test_a_port_of_udp_is_another_than_that_of_tcp() -> None:
    table = Ports(blog(Forward("udp", 53, 5300)), (), (HostListener("tcp", 5300, 7, "x"),))
    assert [one.state for one in table.rows()] == ["idle"]


def test_the_table_shows_where_each_port_is() -> None:
    table = Ports(
        blog(Forward("tcp", 3000, 8000)), (), (HostListener("tcp", 8000, OURS, "limactl"),)
    ).rows([NODE, Listener(22, "tcp", "::", "ss\x1bhd", 1), Listener(53, "udp", "127.0.0.53")])
    assert as_text(table).splitlines() == [
        "PORT    PROGRAM  LISTENS AT  HERE",
        "22      ss hd    ::          -               stays in the machine",
        "53/udp  -        127.0.0.53  -               stays in the machine",
        "3000    node     0.0.0.0     127.0.0.1:8000",
    ]
    assert as_data(table)[2] == {
        "port": 3000,
        "proto": "tcp",
        "program": "node",
        "listens_at": ["0.0.0.0"],
        "host_port": 8000,
        "state": "here",
        "taken_by": "",
        "wanted_by": [],
        "url": "http://127.0.0.1:8000/",
    }


HERE = Row(3000, "tcp", host=8000, state="here")
TLS = Row(8443, "tcp", host=8443, state="here")


def test_the_only_port_is_opened_and_of_several_the_one_that_is_named() -> None:
    assert choose("blog", [HERE, Row(22, "tcp")]) == HERE
    assert choose("blog", [HERE, TLS], 8443).url == "https://127.0.0.1:8443/"


def test_of_several_ports_none_is_guessed() -> None:
    with pytest.raises(WhichPort, match="--port 3000 or --port 8443"):
        choose("blog", [HERE, TLS])
    with pytest.raises(WhichPort, match="no port of blog is on this computer"):
        choose("blog", [Row(3000, "udp", host=3000, state="here")])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row(3000, "tcp"), "not forwarded\nadd 3000 to `ports`"),
        (Row(3000, "tcp", host=3000, state="idle"), "nothing listens at port 3000 of blog\n"),
        (
            Row(3000, "tcp", host=3000, state="taken", taken_by="nginx (process 7)"),
            "taken by nginx (process 7)\nend nginx (process 7), or give it another: "
            "{guest = 3000, host = …}",
        ),
    ],
)
def test_a_port_that_is_not_here_is_refused_with_what_to_do(row: Row, words: str) -> None:
    with pytest.raises(PortNotHere) as refused:
        choose("blog", [row], 3000)
    assert words in str(refused.value)


def test_a_browser_is_used_where_a_person_sits() -> None:
    def which(name: str) -> str:
        return f"/usr/bin/{name}"

    display = {"WAYLAND_DISPLAY": "wayland-0"}
    assert browser_command(display, "Linux", which, is_root=False) == "/usr/bin/xdg-open"
    assert browser_command(display, "Linux", which, is_root=True) == ""
    assert browser_command({}, "Linux", which, is_root=False) == ""
    assert browser_command({}, "Darwin", which, is_root=False) == "/usr/bin/open"
    assert browser_command(display, "Linux", lambda _name: None, is_root=False) == ""
