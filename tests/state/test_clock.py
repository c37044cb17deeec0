"""The clock of a partition goes forward, and never past the wall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.state.watermarks import Watermark
from tests.histories import at, order
from tests.judging.generated import examples
from tests.state.partitions import Partition, record

NOON, ONE = at("12:00"), at("13:00")


def test_an_older_record_does_not_turn_the_clock_back() -> None:
    clock = Watermark()

    assert (clock.advance(ONE, ONE), clock.advance(NOON, ONE)) == (ONE, ONE)


def test_a_record_from_the_year_9999_moves_nothing_and_breaks_nothing() -> None:
    partition = Partition().arrive(order("o1").promised("ready", due="12:40", time="12:00"))
    far = 253_370_764_800_000
    partition.apply(record(order("o2").ordered("12:10").events[0], far), wall=at("12:11"))

    assert partition.state.watermark.now == NOON
    assert partition.verdicts == []


def test_the_wall_clock_itself_is_not_the_future() -> None:
    assert Watermark().advance(NOON, NOON) == NOON
    assert Watermark().advance(NOON + 1, NOON) == 0


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_the_clock_is_the_latest_instant_that_the_wall_had_reached(moves: list[tuple[int, int]]) -> None:
    clock = Watermark()
    shown = [clock.advance(to, wall) for to, wall in moves]

    assert shown == [max([0, *(to for to, wall in moves[: n + 1] if to <= wall)]) for n in range(len(moves))]
