"""Orders of one shop on their way from the log to the till, with everything that may happen to them in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.transport import Batch, ReadPositions
from streams.engine.transport.positions import PartitionEnd

SHOP, OTHER_SHOP = TP("orders", 0), TP("orders", 1)
NOON = 1_700_000_000_000


@dataclass(frozen=True)
class Order:
    offset: int
    timestamp: int = NOON
    key: bytes | None = b"17"
    value: bytes | None = b"two loaves"
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Till:
    next: int = 0
    durable: int = 0


def orders(*offsets: int) -> list[Order]:
    return [Order(offset) for offset in offsets]


def offsets(records: Sequence[object]) -> list[int]:
    return [record.offset for record in records if isinstance(record, Order)]


def opened() -> tuple[ReadPositions, Till]:
    """A reading of one shop, at the beginning, in chunks of three."""
    till = Till()
    reading = ReadPositions({SHOP: till}, chunk_records=3)
    reading.start([SHOP])
    assert reading.take_seeks([SHOP]) == {SHOP: 0}
    return reading, till


def test_orders_come_in_chunks_each_starting_where_the_one_before_ended() -> None:
    reading, _ = opened()
    chunks = [*reading.chunks(SHOP, orders(0, 1, 2, 5, 6)), *reading.chunks(SHOP, orders(9))]
    assert [(chunk.start, offsets(chunk.records), chunk.end) for chunk in chunks] == [
        (0, [0, 1, 2], 3),
        (3, [5, 6], 7),
        (7, [9], 10),
    ]


def test_orders_missing_from_the_log_are_not_taken_for_a_lost_chunk() -> None:
    reading, till = opened()
    for chunk in reading.chunks(SHOP, orders(4, 5, 9, 23)):
        assert reading.unread(chunk) == chunk.records
        till.next = chunk.end
    assert reading.take_seeks([SHOP]) == {}


def test_orders_that_the_till_has_are_left_out() -> None:
    reading, till = opened()
    (chunk,) = reading.chunks(SHOP, orders(0, 1, 2))
    till.next = 1
    assert offsets(reading.unread(chunk)) == [1, 2]
    till.next = 3
    assert offsets(reading.unread(chunk)) == []


def test_a_chunk_behind_a_lost_one_is_not_taken_and_the_lost_one_is_read_again() -> None:
    reading, _ = opened()
    lost, behind = reading.chunks(SHOP, orders(0, 1, 2, 3, 4))
    assert offsets(reading.unread(behind)) == []
    assert reading.take_seeks([SHOP]) == {SHOP: 0}
    again, behind_again = reading.chunks(SHOP, orders(0, 1, 2, 3, 4))
    assert (again, behind_again) == (lost, behind)


def test_what_was_fetched_before_a_seek_is_thrown_away() -> None:
    reading, _ = opened()
    fetched = reading.chunks(SHOP, orders(0, 1, 2, 3, 4, 5, 6))
    next(fetched)
    reading.reread(SHOP)
    assert list(fetched) == []
    assert list(reading.chunks(SHOP, orders(7))) == []


def test_a_shop_that_was_handed_to_another_worker_gets_nothing_more() -> None:
    reading, _ = opened()
    reading.forget()
    assert list(reading.chunks(SHOP, orders(0))) == []
    assert reading.durable() == {}


def test_after_a_rebalance_only_the_shops_of_this_worker_are_read() -> None:
    reading = ReadPositions({SHOP: Till(), OTHER_SHOP: Till()})
    reading.start([SHOP])
    reading.take_seeks([SHOP])
    reading.start([OTHER_SHOP])
    assert list(reading.chunks(SHOP, orders(0))) == []
    assert reading.take_seeks([OTHER_SHOP]) == {OTHER_SHOP: 0}


def test_a_shop_that_another_worker_has_is_not_read_though_its_till_is_still_open() -> None:
    reading = ReadPositions({SHOP: Till(), OTHER_SHOP: Till()})
    reading.start([SHOP])
    reading.reread(OTHER_SHOP)
    assert reading.take_seeks([SHOP]) == {SHOP: 0}


def test_a_shop_whose_till_was_closed_is_left_alone_until_it_has_another() -> None:
    tills = {SHOP: Till(next=5)}
    reading = ReadPositions(tills)
    reading.start([SHOP])
    reading.take_seeks([SHOP])
    (chunk,) = reading.chunks(SHOP, orders(5))
    del tills[SHOP]
    assert reading.unread(chunk) == ()
    reading.reread(SHOP)
    assert reading.take_seeks([SHOP]) == {}
    assert list(reading.chunks(SHOP, orders(6))) == []
    tills[SHOP] = Till(next=4)
    reading.reread(SHOP)
    assert reading.take_seeks([SHOP]) == {SHOP: 4}


def test_only_shops_that_are_read_here_have_something_to_commit() -> None:
    tills = {SHOP: Till(durable=3), OTHER_SHOP: Till(durable=8)}
    reading = ReadPositions(tills)
    reading.start([SHOP])
    assert reading.durable() == {}
    reading.take_seeks([SHOP])
    assert reading.durable() == {SHOP: 3}


@pytest.mark.parametrize(
    ("through_with_it", "till_has", "seeks"),
    [
        (True, 0, {SHOP: 0}),
        (True, 2, {}),  # all was well
        (False, 0, {}),  # somebody still works on it
    ],
)
def test_a_last_chunk_that_was_dropped_is_read_again(
    through_with_it: bool, till_has: int, seeks: dict[TP, int]
) -> None:
    reading, till = opened()
    list(reading.chunks(SHOP, orders(0, 1)))
    reading.handed_over(SHOP, lambda: through_with_it)
    till.next = till_has
    reading.reread_lost()
    assert reading.take_seeks([SHOP]) == seeks


READ = PartitionEnd(fetched=2, highwater=2, polled_at=NOON)


@pytest.mark.parametrize(
    ("end", "till_has", "now", "caught_up"),
    [
        (READ, 2, NOON, True),
        (replace(READ, fetched=3, highwater=3), 2, NOON, True),  # the last offset is a transaction's marker
        (replace(READ, highwater=3), 2, NOON, False),
        (READ, 1, NOON, False),  # the agent has it, the till not yet
        (READ, 2, NOON + 3_000, True),
        (READ, 2, NOON + 3_001, False),  # the broker no longer answers
    ],
)
def test_a_shop_is_caught_up_when_the_till_has_all_that_the_broker_lately_had(
    end: PartitionEnd, till_has: int, now: int, caught_up: bool
) -> None:
    reading, till = opened()
    list(reading.chunks(SHOP, orders(0, 1)))
    reading.polled({SHOP: end})
    till.next = till_has
    assert reading.caught_up(SHOP, now) is caught_up


@pytest.mark.parametrize("happens", [ReadPositions.forget, lambda reading: reading.reread(SHOP)])
def test_a_shop_is_not_caught_up_once_it_is_to_be_read_elsewhere(happens: Callable[[ReadPositions], None]) -> None:
    reading, _ = opened()
    reading.polled({SHOP: replace(READ, fetched=0, highwater=0)})
    assert reading.caught_up(SHOP, NOON)
    happens(reading)
    assert not reading.caught_up(SHOP, NOON)
    reading.start([SHOP])
    reading.take_seeks([SHOP])
    assert not reading.caught_up(SHOP, NOON), "nothing is known of the end since the seek"
    assert not reading.caught_up(OTHER_SHOP, NOON)


def test_how_far_behind_a_shop_is_and_when_it_was_not() -> None:
    reading, till = opened()
    assert (reading.lag(SHOP), reading.read_at(SHOP)) == (None, None)
    reading.polled({SHOP: PartitionEnd(3, 7, NOON)})
    assert (reading.lag(SHOP), reading.read_at(SHOP)) == (7, None)
    list(reading.chunks(SHOP, orders(0, 1, 2)))
    reading.polled({SHOP: PartitionEnd(7, 7, NOON)})
    assert (reading.lag(SHOP), reading.read_at(SHOP)) == (7, None), "three are on their way to the till"
    till.next = 3  # what follows is no order: the end of a transaction, say
    assert (reading.lag(SHOP), reading.read_at(SHOP)) == (0, NOON)


class Morning:
    """A log of orders, a till, and between them a queue to which anything may happen."""

    def __init__(self, log: list[Order]) -> None:
        self._log = log
        self._till = Till()
        self._reading = ReadPositions({SHOP: self._till}, chunk_records=2)
        self._queue: list[Batch] = []
        self._fetched = 0
        self.rung_up: list[int] = []
        self._reading.start([SHOP])

    def fetch(self) -> None:
        self._fetched = self._reading.take_seeks([SHOP]).get(SHOP, self._fetched)
        records = [order for order in self._log if order.offset >= self._fetched][:5]
        for chunk in self._reading.chunks(SHOP, records):
            self._queue.append(chunk)
            self._reading.handed_over(SHOP, lambda: not self._queue)
            self._fetched = chunk.end
        if not records:
            self._reading.reread_lost()

    def ring_up(self) -> None:
        for chunk in self._queue[:1]:
            if records := self._reading.unread(chunk):
                self.rung_up += offsets(records)
                self._till.next = chunk.end
        self.drop()

    def drop(self) -> None:
        """The agent fails on a chunk, and Faust counts it as done."""
        del self._queue[:1]

    def double(self) -> None:
        self._queue += self._queue[:1]

    def rebalance(self) -> None:
        self._queue.clear()
        self._reading.forget()
        self._reading.start([SHOP])

    def rebalance_with_stale_chunks(self) -> None:
        self._reading.start([SHOP])

    def finish(self) -> None:
        for _ in range(3 * len(self._log) + 6):
            self.fetch()
            while self._queue:
                self.ring_up()


HAPPENINGS = (
    Morning.fetch,
    Morning.ring_up,
    Morning.drop,
    Morning.double,
    Morning.rebalance,
    Morning.rebalance_with_stale_chunks,
)


@given(st.sets(st.integers(0, 30)), st.lists(st.sampled_from(HAPPENINGS), max_size=40))
def test_every_order_is_rung_up_once_and_in_order_whatever_happens_to_the_queue(
    log: set[int], happenings: list[Callable[[Morning], None]]
) -> None:
    morning = Morning(orders(*sorted(log)))
    for happens in happenings:
        happens(morning)
    morning.finish()
    assert morning.rung_up == sorted(log)
