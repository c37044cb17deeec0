"""Timers of cases."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import NEVER, Instant
from streams.state.timers import Timers


class Waking:
    """Timers whose current instants are in `times`, or else the instants at which they were first set."""

    def __init__(self) -> None:
        self.times: dict[str, Instant] = {}
        self.deadlines = Timers(lambda case: self.times.get(case, NEVER))

    def set(self, case: str, at: Instant) -> None:
        self.times.setdefault(case, at)
        self.deadlines.set(case, at)

    def passed(self, now: Instant) -> Iterator[tuple[Instant, str]]:
        return self.deadlines.pop_due(now)

    def __len__(self) -> int:
        return len(self.deadlines)


def test_due_timers_fire_in_order() -> None:
    deadlines = Waking()
    for case, at in (("late", 30), ("early", 10), ("middle", 20)):
        deadlines.set(case, at)

    assert list(deadlines.passed(9)) == []
    assert list(deadlines.passed(20)) == [(10, "early"), (20, "middle")]
    assert list(deadlines.passed(20)) == []
    assert len(deadlines) == 1


def test_a_timer_that_is_set_while_others_fire_fires_in_order() -> None:
    deadlines = Waking()
    deadlines.set("first", 10)
    woken = deadlines.passed(20)

    assert next(woken) == (10, "first")
    deadlines.set("next", 15)
    deadlines.set("later", 21)
    assert list(woken) == [(15, "next")]


def test_a_timer_that_is_set_while_others_fire_precedes_later_ones_of_the_same_second() -> None:
    deadlines = Waking()
    for case, at in (("first", 10), ("last", 30), ("tomorrow", 86_400_000)):
        deadlines.set(case, at)
    woken = deadlines.passed(999)

    assert next(woken) == (10, "first")
    deadlines.set("between", 20)
    assert list(woken) == [(20, "between"), (30, "last")]
    assert list(deadlines.passed(86_400_000)) == [(86_400_000, "tomorrow")]


def test_a_timer_at_never_does_not_fire() -> None:
    deadlines = Waking()
    deadlines.set("settled", NEVER)

    assert len(deadlines) == 0


def test_the_timer_of_a_case_that_was_settled_meanwhile_does_not_fire() -> None:
    deadlines = Waking()
    for case in ("settled", "open"):
        deadlines.set(case, 5_000)
    deadlines.times["settled"] = NEVER

    assert list(deadlines.passed(5_000)) == [(5_000, "open")]
    assert len(deadlines) == 0


def test_a_postponed_timer_fires_without_being_set_again() -> None:
    deadlines = Waking()
    deadlines.set("amended", 5_000)
    deadlines.times["amended"] = 65_000

    assert list(deadlines.passed(64_999)) == []
    assert list(deadlines.passed(65_000)) == [(65_000, "amended")]
