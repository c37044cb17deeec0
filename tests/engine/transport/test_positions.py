"""Orders of one shop on their way from the log to the till, with everything that may happen to them in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.timing import Timing
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


def start_reading() -> tuple[ReadPositions, Till]:
    """A reading of one shop, at the beginning, in chunks of three."""
    till = Till()
    positions = ReadPositions({SHOP: till}, Timing(batch_records=3))
    positions.start([SHOP])
    assert positions.pop_seeks([SHOP]) == {SHOP: 0}
    return positions, till


def test_orders_come_in_chunks_each_starting_where_the_one_before_ended() -> None:
    positions, _ = start_reading()
    batches = [*positions.batches(SHOP, orders(0, 1, 2, 5, 6)), *positions.batches(SHOP, orders(9))]
    assert [(batch.start, offsets(batch.records), batch.end) for batch in batches] == [
        (0, [0, 1, 2], 3),
        (3, [5, 6], 7),
        (7, [9], 10),
    ]


def test_orders_missing_from_the_log_are_not_taken_for_a_lost_chunk() -> None:
    positions, till = start_reading()
    for batch in positions.batches(SHOP, orders(4, 5, 9, 23)):
        assert positions.unread(batch) == batch.records
        till.next = batch.end
    assert positions.pop_seeks([SHOP]) == {}


def test_orders_that_the_till_has_are_left_out() -> None:
    positions, till = start_reading()
    (batch,) = positions.batches(SHOP, orders(0, 1, 2))
    till.next = 1
    assert offsets(positions.unread(batch)) == [1, 2]
    till.next = 3
    assert offsets(positions.unread(batch)) == []


def test_a_chunk_behind_a_lost_one_is_not_taken_and_the_lost_one_is_read_again() -> None:
    positions, _ = start_reading()
    lost, behind = positions.batches(SHOP, orders(0, 1, 2, 3, 4))
    assert offsets(positions.unread(behind)) == []
    assert positions.pop_seeks([SHOP]) == {SHOP: 0}
    again, behind_again = positions.batches(SHOP, orders(0, 1, 2, 3, 4))
    assert (again, behind_again) == (lost, behind)


def test_what_was_fetched_before_a_seek_is_thrown_away() -> None:
    positions, _ = start_reading()
    fetched = positions.batches(SHOP, orders(0, 1, 2, 3, 4, 5, 6))
    next(fetched)
    positions.reread(SHOP)
    assert list(fetched) == []
    assert list(positions.batches(SHOP, orders(7))) == []


def test_a_shop_that_was_handed_to_another_worker_gets_nothing_more() -> None:
    positions, _ = start_reading()
    positions.clear()
    assert list(positions.batches(SHOP, orders(0))) == []
    assert positions.durable() == {}


def test_after_a_rebalance_only_the_shops_of_this_worker_are_read() -> None:
    positions = ReadPositions({SHOP: Till(), OTHER_SHOP: Till()})
    positions.start([SHOP])
    positions.pop_seeks([SHOP])
    positions.start([OTHER_SHOP])
    assert list(positions.batches(SHOP, orders(0))) == []
    assert positions.pop_seeks([OTHER_SHOP]) == {OTHER_SHOP: 0}


def test_a_shop_that_another_worker_has_is_not_read_though_its_till_is_still_open() -> None:
    positions = ReadPositions({SHOP: Till(), OTHER_SHOP: Till()})
    positions.start([SHOP])
    positions.reread(OTHER_SHOP)
    assert positions.pop_seeks([SHOP]) == {SHOP: 0}


def test_a_shop_whose_till_was_closed_is_left_alone_until_it_has_another() -> None:
    tills = {SHOP: Till(next=5)}
    positions = ReadPositions(tills)
    positions.start([SHOP])
    positions.pop_seeks([SHOP])
    (batch,) = positions.batches(SHOP, orders(5))
    del tills[SHOP]
    assert positions.unread(batch) == ()
    positions.reread(SHOP)
    assert positions.pop_seeks([SHOP]) == {}
    assert list(positions.batches(SHOP, orders(6))) == []
    tills[SHOP] = Till(next=4)
    positions.reread(SHOP)
    assert positions.pop_seeks([SHOP]) == {SHOP: 4}


def test_only_shops_that_are_read_here_have_something_to_commit() -> None:
    tills = {SHOP: Till(durable=3), OTHER_SHOP: Till(durable=8)}
    positions = ReadPositions(tills)
    positions.start([SHOP])
    assert positions.durable() == {}
    positions.pop_seeks([SHOP])
    assert positions.durable() == {SHOP: 3}


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
    positions, till = start_reading()
    list(positions.batches(SHOP, orders(0, 1)))
    positions.dispatched(SHOP, lambda: through_with_it)
    till.next = till_has
    positions.reread_dropped()
    assert positions.pop_seeks([SHOP]) == seeks


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
    positions, till = start_reading()
    list(positions.batches(SHOP, orders(0, 1)))
    positions.update_ends({SHOP: end})
    till.next = till_has
    assert positions.caught_up(SHOP, now) is caught_up


@pytest.mark.parametrize("happens", [ReadPositions.clear, lambda positions: positions.reread(SHOP)])
def test_a_shop_is_not_caught_up_once_it_is_to_be_read_elsewhere(happens: Callable[[ReadPositions], None]) -> None:
    positions, _ = start_reading()
    positions.update_ends({SHOP: replace(READ, fetched=0, highwater=0)})
    assert positions.caught_up(SHOP, NOON)
    happens(positions)
    assert not positions.caught_up(SHOP, NOON)
    positions.start([SHOP])
    positions.pop_seeks([SHOP])
    assert not positions.caught_up(SHOP, NOON), "nothing is known of the end since the seek"
    assert not positions.caught_up(OTHER_SHOP, NOON)


def test_how_far_behind_a_shop_is_and_when_it_was_not() -> None:
    positions, till = start_reading()
    assert (positions.lag(SHOP), positions.caught_up_at(SHOP)) == (None, None)
    positions.update_ends({SHOP: PartitionEnd(3, 7, NOON)})
    assert (positions.lag(SHOP), positions.caught_up_at(SHOP)) == (7, None)
    list(positions.batches(SHOP, orders(0, 1, 2)))
    positions.update_ends({SHOP: PartitionEnd(7, 7, NOON)})
    assert (positions.lag(SHOP), positions.caught_up_at(SHOP)) == (7, None), "three are on their way to the till"
    till.next = 3  # what follows is no order: the end of a transaction, say
    assert (positions.lag(SHOP), positions.caught_up_at(SHOP)) == (0, NOON)


class Morning:
    """A log of orders, a till, and between them a queue to which anything may happen."""

    def __init__(self, log: list[Order]) -> None:
        self._log = log
        self._till = Till()
        self._positions = ReadPositions({SHOP: self._till}, Timing(batch_records=2))
        self._queue: list[Batch] = []
        self._fetched = 0
        self.rung_up: list[int] = []
        self._positions.start([SHOP])

    def fetch(self) -> None:
        self._fetched = self._positions.pop_seeks([SHOP]).get(SHOP, self._fetched)
        records = [order for order in self._log if order.offset >= self._fetched][:5]
        for batch in self._positions.batches(SHOP, records):
            self._queue.append(batch)
            self._positions.dispatched(SHOP, lambda: not self._queue)
            self._fetched = batch.end
        if not records:
            self._positions.reread_dropped()

    def ring_up(self) -> None:
        for batch in self._queue[:1]:
            if records := self._positions.unread(batch):
                self.rung_up += offsets(records)
                self._till.next = batch.end
        self.drop()

    def drop(self) -> None:
        """The agent fails on a chunk, and Faust counts it as done."""
        del self._queue[:1]

    def double(self) -> None:
        self._queue += self._queue[:1]

    def rebalance(self) -> None:
        self._queue.clear()
        self._positions.clear()
        self._positions.start([SHOP])

    def rebalance_with_stale_chunks(self) -> None:
        self._positions.start([SHOP])

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
