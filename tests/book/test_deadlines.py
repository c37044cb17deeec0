"""The heap of wake-up times."""

from __future__ import annotations

from schemas.instants import NEVER
from streams.book.deadlines import Deadlines


def test_cases_are_woken_when_their_time_has_come_the_earliest_first() -> None:
    deadlines = Deadlines()
    for case, at in (("late", 30), ("early", 10), ("middle", 20)):
        deadlines.set(case, at)

    assert list(deadlines.passed(9)) == []
    assert list(deadlines.passed(20)) == [(10, "early"), (20, "middle")]
    assert list(deadlines.passed(20)) == []
    assert len(deadlines) == 1


def test_what_is_set_while_others_are_woken_is_woken_in_its_turn() -> None:
    deadlines = Deadlines()
    deadlines.set("first", 10)
    woken = deadlines.passed(20)

    assert next(woken) == (10, "first")
    deadlines.set("next", 15)
    deadlines.set("later", 21)
    assert list(woken) == [(15, "next")]


def test_what_is_set_while_others_are_woken_comes_before_those_that_are_later_in_the_same_second() -> None:
    deadlines = Deadlines()
    for case, at in (("first", 10), ("last", 30), ("tomorrow", 86_400_000)):
        deadlines.set(case, at)
    woken = deadlines.passed(999)

    assert next(woken) == (10, "first")
    deadlines.set("between", 20)
    assert list(woken) == [(20, "between"), (30, "last")]
    assert list(deadlines.passed(86_400_000)) == [(86_400_000, "tomorrow")]


def test_who_never_changes_is_never_woken() -> None:
    deadlines = Deadlines()
    deadlines.set("settled", NEVER)

    assert len(deadlines) == 0
