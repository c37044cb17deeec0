"""A broker that was stopped under load may say that a transaction has ended, and never write so: nobody reads beyond.

Here it is planted by records of a transaction that Kafka was never told of, which is why it must not verify them.
"""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from faust.types import TP

from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, REJECTS, VERDICTS, Topic
from streams.records import KafkaRecord, OutputRecord
from streams.worker.recovery import PartitionRecovery
from tests.engine.place import Place, hangs, ignored, judge, sends
from tests.engine.running import run
from tests.histories import READY, order
from tests.state.changelogs import contents_of

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("without_verification")]

STORY = order("o1").promised("ready", due="12:40", time="12:00", at="harbour")
MORE = STORY.reached("ready", "12:30")
NEXT = order("o2").promised("ready", due="12:50", time="12:40", at="harbour")
KEPT = OutputRecord(VERDICTS.name, b"o1", b"kept")


async def judged_before(place: Place) -> list[KafkaRecord]:
    """The first event was judged, and that is durable."""
    records = await place.told(MORE)
    async with place.opened() as (book, writer):
        await writer.write(judge(book, records[:1]).changes(), [OutputRecord(VERDICTS.name, b"o1", b"open")])
    return records


def test_what_kafka_said_was_ended_is_read_and_said_once(place: Place) -> None:
    async def story() -> None:
        records = await judged_before(place)
        async with place.opened() as (book, dying):
            await hangs(dying, place.of(CHANGELOG), place.of(VERDICTS))
            await sends(dying, place.of(CHANGELOG), *judge(book, records[1:]).changes())
            await sends(dying, place.of(VERDICTS), KEPT[1:3])
        assert (await place.hidden()).keys() == {CHANGELOG.name, VERDICTS.name}
        async with place.opened() as (again, writer):
            assert contents_of(again) == contents_of(book)
            assert await place.hidden() == {}
            assert await place.read(VERDICTS) == {b"o1": b"kept"}
            await writer.write(
                judge(again, await place.told(NEXT)).changes(), [OutputRecord(VERDICTS.name, b"o2", b"open")]
            )
        async with place.opened() as (last, _):
            assert contents_of(last) == contents_of(again)
            assert await place.count(VERDICTS) == 3 + 1  # and one that says nothing

    run(story())


@pytest.mark.parametrize("topic", [CHANGELOG, VERDICTS, ALERTS], ids=lambda topic: topic.name)
def test_one_topic_that_hangs_is_enough(place: Place, topic: Topic) -> None:
    async def story() -> None:
        await judged_before(place)
        async with place.writer() as dying:
            await hangs(dying, place.of(topic))
            await sends(dying, place.of(topic), (b"\0heal", None))
        assert await place.hidden() == {topic.name: 1}
        async with place.opened() as (book, _):
            assert (book.next, len(book)) == (1, 1)
        assert await place.hidden() == {}

    run(story())


@pytest.mark.parametrize("is_ended", [True, False], ids=["ends soon", "was killed"])
def test_what_intake_is_just_refusing_keeps_no_worker_from_its_partition(place: Place, is_ended: bool) -> None:
    async def story() -> None:
        await judged_before(place)
        async with AIOKafkaProducer(**place.client, transactional_id=f"intake of {place.partition}") as intake:
            await intake.begin_transaction()
            await intake.send_and_wait(REJECTS.name, b"{", partition=place.partition)
            opener = PartitionRecovery(place.client, READY, is_exact=True)
            opening = asyncio.ensure_future(opener.open(TP(EVENTS.name, place.partition), ignored))
            if is_ended:
                await intake.commit_transaction()
            book, writer = await opening
            assert (book.next, len(book)) == (1, 1)
            await writer.stop()
            if not is_ended:
                assert (await place.hidden()).keys() == {REJECTS.name}, "it is not ours to end"
                await intake.abort_transaction()

    run(story())
