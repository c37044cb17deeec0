"""The watermark of a partition moves forward, but never beyond the wall clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.state.watermarks import Watermark
from tests.histories import at, order
from tests.judging.generated import examples
from tests.state.partitions import Partition, record

NOON, ONE = at("12:00"), at("13:00")


def test_an_older_record_does_not_move_the_watermark_back() -> None:
    clock = Watermark()

    assert (clock.advance(ONE, ONE), clock.advance(NOON, ONE)) == (ONE, ONE)


def test_a_record_from_the_year_9999_does_not_advance_the_watermark() -> None:
    partition = Partition().arrive(order("o1").promised("ready", due="12:40", time="12:00"))
    far = 253_370_764_800_000
    partition.apply(record(order("o2").ordered("12:10").events[0], far), wall=at("12:11"))

    assert partition.state.watermark.now == NOON
    assert partition.verdicts == []


def test_a_record_at_the_wall_clock_advances_the_watermark() -> None:
    assert Watermark().advance(NOON, NOON) == NOON
    assert Watermark().advance(NOON + 1, NOON) == 0


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_the_watermark_is_the_latest_timestamp_not_beyond_the_wall_clock(moves: list[tuple[int, int]]) -> None:
    clock = Watermark()
    shown = [clock.advance(to, wall) for to, wall in moves]

    assert shown == [max([0, *(to for to, wall in moves[: n + 1] if to <= wall)]) for n in range(len(moves))]
