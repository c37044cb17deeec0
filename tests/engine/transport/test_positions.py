"""Records on their way from the log to the application, with everything that may happen to them in between."""

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

TP0, TP1 = TP("orders", 0), TP("orders", 1)
NOON = 1_700_000_000_000


@dataclass(frozen=True)
class Record:
    offset: int
    timestamp: int = NOON
    key: bytes | None = b"17"
    value: bytes | None = b"value"
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Application:
    next: int = 0
    durable: int = 0


def records_at(*offsets: int) -> list[Record]:
    return [Record(offset) for offset in offsets]


def offsets(records: Sequence[object]) -> list[int]:
    return [record.offset for record in records if isinstance(record, Record)]


def start_reading() -> tuple[ReadPositions, Application]:
    """Start to read one partition from the beginning, in batches of three."""
    application = Application()
    positions = ReadPositions({TP0: application}, Timing(batch_records=3))
    positions.start([TP0])
    assert positions.pop_seeks([TP0]) == {TP0: 0}
    return positions, application


def test_each_batch_starts_where_the_one_before_ended() -> None:
    positions, _ = start_reading()
    batches = [*positions.batches(TP0, records_at(0, 1, 2, 5, 6)), *positions.batches(TP0, records_at(9))]
    assert [(batch.start, offsets(batch.records), batch.end) for batch in batches] == [
        (0, [0, 1, 2], 3),
        (3, [5, 6], 7),
        (7, [9], 10),
    ]


def test_a_gap_in_the_log_is_not_taken_for_a_lost_batch() -> None:
    positions, application = start_reading()
    for batch in positions.batches(TP0, records_at(4, 5, 9, 23)):
        assert positions.unread(batch) == batch.records
        application.next = batch.end
    assert positions.pop_seeks([TP0]) == {}


def test_records_that_are_applied_already_are_left_out() -> None:
    positions, application = start_reading()
    (batch,) = positions.batches(TP0, records_at(0, 1, 2))
    application.next = 1
    assert offsets(positions.unread(batch)) == [1, 2]
    application.next = 3
    assert offsets(positions.unread(batch)) == []


def test_a_batch_after_a_lost_one_is_ignored_and_the_lost_one_is_read_again() -> None:
    positions, _ = start_reading()
    lost, behind = positions.batches(TP0, records_at(0, 1, 2, 3, 4))
    assert offsets(positions.unread(behind)) == []
    assert positions.pop_seeks([TP0]) == {TP0: 0}
    again, behind_again = positions.batches(TP0, records_at(0, 1, 2, 3, 4))
    assert (again, behind_again) == (lost, behind)


def test_records_fetched_before_a_seek_are_dropped() -> None:
    positions, _ = start_reading()
    fetched = positions.batches(TP0, records_at(0, 1, 2, 3, 4, 5, 6))
    next(fetched)
    positions.reread(TP0)
    assert list(fetched) == []
    assert list(positions.batches(TP0, records_at(7))) == []


def test_a_revoked_partition_is_not_read_any_more() -> None:
    positions, _ = start_reading()
    positions.clear()
    assert list(positions.batches(TP0, records_at(0))) == []
    assert positions.durable() == {}


def test_after_a_rebalance_only_the_assigned_partitions_are_read() -> None:
    positions = ReadPositions({TP0: Application(), TP1: Application()})
    positions.start([TP0])
    positions.pop_seeks([TP0])
    positions.start([TP1])
    assert list(positions.batches(TP0, records_at(0))) == []
    assert positions.pop_seeks([TP1]) == {TP1: 0}


def test_a_partition_that_is_not_assigned_is_not_read_even_if_it_has_a_position() -> None:
    positions = ReadPositions({TP0: Application(), TP1: Application()})
    positions.start([TP0])
    positions.reread(TP1)
    assert positions.pop_seeks([TP0]) == {TP0: 0}


def test_a_partition_without_a_position_is_skipped_until_it_has_one() -> None:
    positions_of = {TP0: Application(next=5)}
    positions = ReadPositions(positions_of)
    positions.start([TP0])
    positions.pop_seeks([TP0])
    (batch,) = positions.batches(TP0, records_at(5))
    del positions_of[TP0]
    assert positions.unread(batch) == ()
    positions.reread(TP0)
    assert positions.pop_seeks([TP0]) == {}
    assert list(positions.batches(TP0, records_at(6))) == []
    positions_of[TP0] = Application(next=4)
    positions.reread(TP0)
    assert positions.pop_seeks([TP0]) == {TP0: 4}


def test_only_partitions_that_are_read_here_have_offsets_to_commit() -> None:
    positions_of = {TP0: Application(durable=3), TP1: Application(durable=8)}
    positions = ReadPositions(positions_of)
    positions.start([TP0])
    assert positions.durable() == {}
    positions.pop_seeks([TP0])
    assert positions.durable() == {TP0: 3}


@pytest.mark.parametrize(
    ("is_done", "applied", "seeks"),
    [
        (True, 0, {TP0: 0}),
        (True, 2, {}),  # it was applied
        (False, 0, {}),  # the agent is still working on it
    ],
)
def test_a_dropped_last_batch_is_read_again(is_done: bool, applied: int, seeks: dict[TP, int]) -> None:
    positions, application = start_reading()
    list(positions.batches(TP0, records_at(0, 1)))
    positions.dispatched(TP0, lambda: is_done)
    application.next = applied
    positions.reread_dropped()
    assert positions.pop_seeks([TP0]) == seeks


READ = PartitionEnd(fetched=2, highwater=2, polled_at=NOON)


@pytest.mark.parametrize(
    ("end", "applied", "now", "caught_up"),
    [
        (READ, 2, NOON, True),
        (replace(READ, fetched=3, highwater=3), 2, NOON, True),  # the last offset is the marker of a transaction
        (replace(READ, highwater=3), 2, NOON, False),
        (READ, 1, NOON, False),  # the agent has it, but has not applied it yet
        (READ, 2, NOON + 3_000, True),
        (READ, 2, NOON + 3_001, False),  # the broker does not answer any more
    ],
)
def test_a_partition_is_caught_up_when_all_that_the_broker_recently_had_is_applied(
    end: PartitionEnd, applied: int, now: int, caught_up: bool
) -> None:
    positions, application = start_reading()
    list(positions.batches(TP0, records_at(0, 1)))
    positions.update_ends({TP0: end})
    application.next = applied
    assert positions.caught_up(TP0, now) is caught_up


@pytest.mark.parametrize("action", [ReadPositions.clear, lambda positions: positions.reread(TP0)])
def test_a_partition_with_a_pending_seek_is_not_caught_up(action: Callable[[ReadPositions], None]) -> None:
    positions, _ = start_reading()
    positions.update_ends({TP0: replace(READ, fetched=0, highwater=0)})
    assert positions.caught_up(TP0, NOON)
    action(positions)
    assert not positions.caught_up(TP0, NOON)
    positions.start([TP0])
    positions.pop_seeks([TP0])
    assert not positions.caught_up(TP0, NOON), "the end is unknown since the seek"
    assert not positions.caught_up(TP1, NOON)


def test_the_lag_of_a_partition_and_the_time_when_it_was_caught_up() -> None:
    positions, application = start_reading()
    assert (positions.lag(TP0), positions.caught_up_at(TP0)) == (None, None)
    positions.update_ends({TP0: PartitionEnd(3, 7, NOON)})
    assert (positions.lag(TP0), positions.caught_up_at(TP0)) == (7, None)
    list(positions.batches(TP0, records_at(0, 1, 2)))
    positions.update_ends({TP0: PartitionEnd(7, 7, NOON)})
    assert (positions.lag(TP0), positions.caught_up_at(TP0)) == (7, None), "three records are on their way"
    application.next = 3  # no record follows, only the end of a transaction, for example
    assert (positions.lag(TP0), positions.caught_up_at(TP0)) == (0, NOON)


class Simulation:
    """A log, an application, and between them a queue to which anything may happen."""

    def __init__(self, log: list[Record]) -> None:
        self._log = log
        self._application = Application()
        self._positions = ReadPositions({TP0: self._application}, Timing(batch_records=2))
        self._queue: list[Batch] = []
        self._fetched = 0
        self.applied: list[int] = []
        self._positions.start([TP0])

    def fetch(self) -> None:
        self._fetched = self._positions.pop_seeks([TP0]).get(TP0, self._fetched)
        records = [record for record in self._log if record.offset >= self._fetched][:5]
        for batch in self._positions.batches(TP0, records):
            self._queue.append(batch)
            self._positions.dispatched(TP0, lambda: not self._queue)
            self._fetched = batch.end
        if not records:
            self._positions.reread_dropped()

    def apply(self) -> None:
        for batch in self._queue[:1]:
            if records := self._positions.unread(batch):
                self.applied += offsets(records)
                self._application.next = batch.end
        self.drop()

    def drop(self) -> None:
        """Let the agent fail on a batch, which Faust acknowledges nevertheless."""
        del self._queue[:1]

    def duplicate(self) -> None:
        self._queue += self._queue[:1]

    def rebalance(self) -> None:
        self._queue.clear()
        self._positions.clear()
        self._positions.start([TP0])

    def rebalance_with_stale_batches(self) -> None:
        self._positions.start([TP0])

    def finish(self) -> None:
        for _ in range(3 * len(self._log) + 6):
            self.fetch()
            while self._queue:
                self.apply()


ACTIONS = (
    Simulation.fetch,
    Simulation.apply,
    Simulation.drop,
    Simulation.duplicate,
    Simulation.rebalance,
    Simulation.rebalance_with_stale_batches,
)


@given(st.sets(st.integers(0, 30)), st.lists(st.sampled_from(ACTIONS), max_size=40))
def test_every_record_is_applied_once_and_in_order_whatever_happens_to_the_queue(
    log: set[int], actions: list[Callable[[Simulation], None]]
) -> None:
    simulation = Simulation(records_at(*sorted(log)))
    for action in actions:
        action(simulation)
    simulation.finish()
    assert simulation.applied == sorted(log)
