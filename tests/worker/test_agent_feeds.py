"""The agent of a worker whose locations wait for feeds."""

from __future__ import annotations

import msgspec

from schemas.events import Clock
from schemas.instants import to_datetime
from schemas.words import RULINGS, UNCONFIRMED
from streams.judging.locations import LocationFeed
from streams.kafka.topics import ALERTS, VERDICTS
from streams.records import KafkaRecord
from streams.state.windows import Label
from tests.engine.running import run
from tests.histories import at
from tests.worker.fake_kafka import SHOP, FakeKafka
from tests.worker.test_agent import LATE, WorkerRun, records_of


def clock_record(offset: int, upto: str) -> KafkaRecord:
    """Return a record that reports the watermark of the till at that very instant."""
    clock = Clock(source="till", at=to_datetime(at(upto)))
    return KafkaRecord(at(upto), None, msgspec.json.encode(clock), offset=offset)


def test_the_wall_clock_breaks_no_promise_of_a_location_whose_feed_is_silent() -> None:
    async def story() -> None:
        kafka = FakeKafka(feeds={"harbour": LocationFeed("till", silent_after=60_000)})
        worker = await WorkerRun(kafka, at("12:00"), "live").start()
        log = [*records_of(LATE), clock_record(1, "12:00"), clock_record(2, "12:42")]
        await worker.read(log[:2])
        worker.now = at("12:41")
        worker.poll().agent.tick(worker.positions)
        snapshot = worker.snapshot().partitions[0]
        assert (snapshot.watermark, snapshot.feed_watermarks) == (at("12:41"), {"till": at("12:00")})
        assert snapshot.rows[Label("harbour", "ready")].on("current").net[RULINGS.index(UNCONFIRMED)] == 1
        worker.now = at("12:43")
        await worker.read(log)
        await worker.stop()
        assert [output.topic for output in kafka.logs[SHOP.partition].outputs] == [VERDICTS.name, ALERTS.name]

    run(story())
