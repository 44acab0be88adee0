from __future__ import annotations

from nopal.lost_work import LostWork, read_answer


def test_only_clones_with_work_are_named() -> None:
    lines = ["work 0 0 0 /home/dev/code/clean", "work 2 1 0 /home/dev/code/a b", "asked"]
    assert read_answer(lines) == (LostWork("/home/dev/code/a b", 2, 1, 0),)


def test_a_guest_that_broke_off_was_not_asked() -> None:
    assert read_answer(["work 2 1 0 /home/dev/code/x"]) is None
    assert read_answer(["asked"]) == ()


def test_lines_that_are_no_answer_are_ignored() -> None:
    assert read_answer(["work many 1 0 /x", "work 1 2", "hello", "asked"]) == ()


def test_control_characters_of_a_path_do_not_reach_the_terminal() -> None:
    (work,) = read_answer(["work 1 0 0 /home/dev/\x1b[2Jcode", "asked"]) or ()
    assert "\x1b" not in work.path


def test_work_is_told_in_words() -> None:
    assert str(LostWork("~/code/a", 1, 2, 3)) == (
        "~/code/a: 1 uncommitted file, 2 unpushed commits, 3 stashes"
    )
    assert str(LostWork("~/code/a", 0, 0, 1)) == "~/code/a: 1 stash"
