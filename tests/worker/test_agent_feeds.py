"""The tracker of a worker that was told which feeds its shops are heard of through."""

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
from tests.worker.agent_town import SHOP, Town
from tests.worker.test_agent import LATE, Worker, told_by


def heard(offset: int, upto: str) -> KafkaRecord:
    """The till has been read up to then, which is known at once."""
    said = Clock(source="till", at=to_datetime(at(upto)))
    return KafkaRecord(at(upto), None, msgspec.json.encode(said), offset=offset)


def test_the_clock_on_the_wall_breaks_no_promise_of_a_shop_whose_feed_is_silent() -> None:
    async def story() -> None:
        town = Town(feeds={"harbour": LocationFeed("till", silent_after=60_000)})
        worker = await Worker(town, at("12:00"), "live").starts()
        log = [*told_by(LATE), heard(1, "12:00"), heard(2, "12:42")]
        await worker.reads(log[:2])
        worker.wall = at("12:41")
        worker.polls().tracker.tick(worker.reading)
        shown = worker.snapshot().partitions[0]
        assert (shown.watermark, shown.feed_watermarks) == (at("12:41"), {"till": at("12:00")})
        assert shown.rows[Label("harbour", "ready")].on("current").net[RULINGS.index(UNCONFIRMED)] == 1
        worker.wall = at("12:43")
        await worker.reads(log)
        await worker.stops()
        assert [message.topic for message in town.papers[SHOP.partition].said] == [VERDICTS.name, ALERTS.name]

    run(story())
