"""The agent of a worker: however a log is cut into batches, and however often it restarts, the results are equal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.events import Clock
from schemas.instants import Instant, parse_instant, to_datetime
from schemas.reading import RefusalReason
from streams.config.policies import parse_policies
from streams.engine.timing import Timing
from streams.engine.transport import ReadPositions
from streams.engine.transport.positions import PartitionEnd
from streams.kafka.topics import ALERTS, REJECTS, VERDICTS
from streams.records import KafkaRecord, OutputRecord
from streams.state.rows import CountRow
from streams.state.windows import Label
from streams.worker.agent import WorkerAgent
from streams.worker.settings import ClockMode
from streams.worker.snapshot import WorkerSnapshot
from tests.engine.fake_writer import let_tasks_run
from tests.engine.running import run
from tests.histories import Story, at, order
from tests.shared import FLIGHTS, POLICIES, later_than_all, records
from tests.state.partitions import record
from tests.worker.fake_kafka import KIOSK, SHOP, FakeKafka

FLIGHT_RECORDS = 8_000
AS_OF = "2013-03-16T00:00:00Z"
POLICIES_OF_FLIGHTS = parse_policies(POLICIES.read_text("utf-8"), "policies")
LATE = order("o1").promised("ready", due="12:40", time="12:00", at="harbour")


def with_offsets(records: list[KafkaRecord]) -> list[KafkaRecord]:
    return [record._replace(offset=offset) for offset, record in enumerate(records)]


def records_of(story: Story, arrives: str | None = None) -> list[KafkaRecord]:
    """Return the events of a story as they come from Kafka."""
    return with_offsets([record(event, at(arrives or story.time)) for event in story.events])


class WorkerRun:
    """A worker from start to stop, which owns the partitions SHOP and KIOSK."""

    def __init__(self, kafka: FakeKafka, now: Instant, clock: ClockMode = "stream", batch_records: int = 1000) -> None:
        self.kafka = kafka
        self.now = now
        self.agent = WorkerAgent(kafka.partitions, clock, lambda: self.now)
        self.positions = ReadPositions(kafka.partitions, Timing(batch_records=batch_records))

    async def start(self) -> WorkerRun:
        await self.kafka.partitions.assign([SHOP, KIOSK], 1)
        self.positions.start([SHOP, KIOSK])
        self.positions.pop_seeks([SHOP, KIOSK])
        return self

    async def read(self, log: Sequence[KafkaRecord]) -> WorkerRun:
        """Process the records of SHOP from the worker's position on."""
        unread = [record for record in log if record.offset >= self.kafka.partitions[SHOP].next]
        for batch in self.positions.batches(SHOP, unread):
            await self.agent.process(batch, self.positions)
            await asyncio.sleep(0)
        return self

    def poll(self, end: int = 0) -> WorkerRun:
        """Let the broker answer that SHOP ends at `end`, by default where it was read to, and that KIOSK is empty."""
        fetched = self.kafka.partitions[SHOP].next
        self.positions.update_ends(
            {SHOP: PartitionEnd(fetched, end or fetched, self.now), KIOSK: PartitionEnd(0, 0, self.now)}
        )
        return self

    async def stop(self) -> None:
        await self.kafka.partitions.close()

    def snapshot(self) -> WorkerSnapshot:
        return self.agent.snapshot(self.positions)


class Outcome(NamedTuple):
    """The results of a whole log."""

    outputs: list[OutputRecord]
    rows: dict[Label, CountRow]
    rejects: dict[RefusalReason, int]
    watermark: Instant


async def judge_log(log: list[KafkaRecord], now: Instant, batch_records: int, restarts: Sequence[int] = ()) -> Outcome:
    """Judge the log in batches of this size. At each offset of `restarts` the worker ends and another one starts."""
    kafka = FakeKafka(policies=POLICIES_OF_FLIGHTS)
    for end in (*restarts, len(log)):
        kafka = FakeKafka(policies=POLICIES_OF_FLIGHTS, logs=kafka.logs)
        worker = await WorkerRun(kafka, now, batch_records=batch_records).start()
        await worker.read(log[:end])
        state = kafka.partitions[SHOP].state
        await worker.stop()
    return Outcome(
        kafka.logs[SHOP.partition].outputs, state.counts.rows, dict(state.counters.rejects), state.watermark.now
    )


@pytest.fixture(scope="module")
def flights() -> list[KafkaRecord]:
    """Days of flights, every tenth record malformed, with a clock record at the end."""
    events = records(FLIGHTS, AS_OF)[:FLIGHT_RECORDS]
    for index in range(0, len(events), 10):
        events[index] = events[index]._replace(value=b"{")
    end = parse_instant(AS_OF)
    return [*events, KafkaRecord(end, None, msgspec.json.encode(Clock(source="replay", at=to_datetime(end))))]


def test_the_size_of_batches_and_restarts_do_not_change_the_results(flights: list[KafkaRecord]) -> None:
    log, now = with_offsets(flights), later_than_all(flights)

    async def story() -> None:
        whole = await judge_log(log, now, 1000)
        for batch_records, restarts in ((1, (7, 5_003)), (7, (1_000, 1_001, 7_999)), (1000, (1, 3_333))):
            again = await judge_log(log, now, batch_records, restarts)
            assert again.outputs == whole.outputs
            assert again[1:] == whole[1:]
        topics = [output.topic for output in whole.outputs]
        assert topics.count(REJECTS.name) == len(range(0, len(flights) - 1, 10))
        assert topics.count(VERDICTS.name) > FLIGHT_RECORDS / 8

    run(story())


def test_a_refused_record_is_written_to_rejects_as_it_came_with_reason_and_position() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        worker = await WorkerRun(kafka, at("13:00")).start()
        await worker.read(
            [KafkaRecord(at("12:00"), b"o1", b"{", offset=4), KafkaRecord(at("12:01"), None, None, offset=9)]
        )
        await worker.stop()
        first, second = kafka.logs[SHOP.partition].outputs
        assert first[:3] == (REJECTS.name, b"o1", b"{")
        assert second[:3] == (REJECTS.name, None, b"")
        headers = dict(second.headers)
        assert headers.pop("detail") != b""
        assert headers == {
            "reason": b"empty",
            "topic": SHOP.topic.encode(),
            "partition": b"0",
            "offset": b"9",
            "timestamp": b"%d" % at("12:01"),
        }

    run(story())


def test_the_snapshot_contains_only_partitions_that_are_assigned_recovered_and_not_lost() -> None:
    async def story() -> None:
        kafka = FakeKafka(is_owner=False)
        worker = WorkerRun(kafka, at("13:00"))
        assert (worker.snapshot().ready, worker.snapshot().partitions) == (False, {})
        await worker.start()
        log = records_of(LATE.reached("ready", "12:30"))
        await worker.read(log[:1])
        assert worker.snapshot().ready
        assert worker.snapshot().partitions.keys() == {0, 1}
        assert worker.snapshot().partitions[0].counters.events == {"promises_made": 1}
        kafka.writer(SHOP).error = KafkaConnectionError("connection lost")
        await worker.read(log)
        await let_tasks_run()
        assert not worker.snapshot().ready
        assert worker.snapshot().partitions.keys() == {1}
        await kafka.partitions.revoke()
        assert (worker.snapshot().ready, worker.snapshot().partitions) == (False, {})
        await kafka.partitions.assign([SHOP], 2)
        assert worker.snapshot().ready
        assert worker.snapshot().partitions.keys() == {0}
        await worker.stop()

    run(story())


def test_the_wall_clock_advances_a_partition_that_is_caught_up() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        worker = await WorkerRun(kafka, at("12:30"), "live").start()
        await worker.read(records_of(LATE))
        worker.now = at("12:41")
        worker.agent.tick(worker.positions)
        assert worker.snapshot().partitions[0].watermark == at("12:00")
        worker.poll(end=2).agent.tick(worker.positions)
        assert worker.snapshot().partitions[0].watermark == at("12:00")
        worker.poll().agent.tick(worker.positions)
        assert worker.snapshot().partitions[0].watermark == at("12:41")
        await worker.stop()
        outputs = kafka.logs[SHOP.partition].outputs
        assert [output.topic for output in outputs] == [VERDICTS.name, ALERTS.name]
        assert b"undelivered" in (outputs[0].value or b"")

    run(story())


def test_a_stream_clock_advances_no_partition() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        worker = await WorkerRun(kafka, at("12:30"), "stream").start()
        await worker.read(records_of(LATE))
        worker.now = at("12:41")
        worker.poll().agent.tick(worker.positions)
        assert worker.snapshot().partitions[0].watermark == at("12:00")
        await worker.stop()
        assert kafka.logs[SHOP.partition].outputs == []

    run(story())


def test_a_lost_partition_receives_no_records_and_is_not_advanced() -> None:
    async def story() -> None:
        kafka = FakeKafka(is_owner=False)
        worker = await WorkerRun(kafka, at("12:30"), "live").start()
        kafka.writer(SHOP).error = KafkaConnectionError("connection lost")
        log = records_of(LATE.reached("ready", "12:20"))
        await worker.read(log[:1])
        await let_tasks_run()
        lost = kafka.partitions[SHOP]
        assert lost.lost is not None
        worker.now = at("12:41")
        worker.poll().agent.tick(worker.positions)
        await worker.read(log)
        assert (lost.next, lost.state.watermark.now) == (1, at("12:20"))
        assert lost.state.counters.events == {"promises_made": 1}
        await worker.stop()

    run(story())


def test_a_batch_of_a_revoked_partition_is_dropped() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        worker = await WorkerRun(kafka, at("12:30")).start()
        (batch,) = worker.positions.batches(SHOP, records_of(LATE))
        await kafka.partitions.assign([KIOSK], 2)
        await worker.agent.process(batch, worker.positions)
        await worker.stop()
        assert kafka.logs[SHOP.partition].steps == []

    run(story())


def test_a_lost_partition_is_read_again_from_the_durable_offset() -> None:
    async def story() -> None:
        kafka = FakeKafka()
        worker = await WorkerRun(kafka, at("12:50")).start()
        log = records_of(LATE.reached("ready", "12:30"))
        await worker.read(log[:1])
        await kafka.partitions[SHOP].flush()
        kafka.writer(SHOP).error = KafkaConnectionError("connection lost")
        await worker.read(log)
        await let_tasks_run()
        assert kafka.rereads == [SHOP]
        worker.positions.reread(SHOP)
        assert worker.positions.pop_seeks([SHOP]) == {SHOP: 1}
        await worker.read(log)
        await worker.stop()
        assert [output.topic for output in kafka.logs[SHOP.partition].outputs] == [VERDICTS.name]

    run(story())
