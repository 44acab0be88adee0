from __future__ import annotations

import threading
from pathlib import Path

from nopal.lock import locked


def nothing(_holder: object) -> None:
    pass


def test_the_file_may_go_while_the_lock_is_held(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, nothing):
        path.unlink()
    with locked(path, nothing):
        assert path.exists()


def test_who_waited_for_a_removed_lock_takes_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    waits = threading.Event()
    seen: list[bool] = []

    def second() -> None:
        with locked(path, lambda _holder: waits.set()):
            seen.append(path.exists())

    with locked(path, nothing):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(20)
        path.unlink()
    thread.join(20)
    assert seen == [True]
