"""A partition of a feed changes its owner: the next one goes on where the last one stood, whatever Kafka lost or others
are just writing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from faust.types import TP
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition
from kafka.admin import NewTopic

from schemas.events import StepReached
from schemas.instants import to_datetime
from streams.config.feeds import Feed
from streams.engine.log_reader import LogReader
from streams.engine.transaction import TransactionWriter
from streams.intake.feed_adapters import adapters_of
from streams.intake.records import RecordContext, messages, partition_of
from streams.intake.recovery import FeedRecovery
from streams.intake.state import FeedState
from streams.kafka.topics import EVENTS, INTAKE, NEEDS_FETCH, REJECTS
from streams.local.kafka_cluster import LocalKafka
from streams.records import OutputRecord
from streams.wall_clock import wall_clock
from tests.engine.conftest import PLACES
from tests.engine.place import hangs, ignored, sends
from tests.engine.running import run

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("without_verification")]

TILL = Feed("till", "feeds.till")
PARTITIONS = {topic.name: PLACES for topic in (EVENTS, REJECTS, NEEDS_FETCH)}
STANDINGS = TopicPartition(INTAKE.name, 0)


class Till:
    """A partition of the till's topic, and the clients of who reads it."""

    def __init__(self, bootstrap: str, partition: int) -> None:
        self.client = {"bootstrap_servers": bootstrap}
        self.tp = TP(TILL.topic, partition)
        self.opener = FeedRecovery(
            self.client, {TILL.topic: TILL}, {TILL.topic: adapters_of([TILL], {})["till"]}, PARTITIONS
        )

    async def rings(self, *steps: str) -> None:
        """Records come in: the steps that an order of this till has reached."""
        async with AIOKafkaProducer(**self.client) as producer:
            for step in steps:
                event = StepReached(id=step, case=self.case, occurred_at=to_datetime(wall_clock()), step=step)
                await producer.send_and_wait(TILL.topic, msgspec.json.encode(event), partition=self.tp.partition)

    @property
    def case(self) -> str:
        return f"order of {self.tp.partition}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[FeedState, TransactionWriter]]:
        book, writer = await self.opener.open(self.tp, ignored)
        try:
            yield book, writer
        finally:
            await writer.stop()

    async def read(self, place: TopicPartition) -> list[tuple[bytes, bytes | None]]:
        """What stands there for readers of what is committed."""
        found: list[tuple[bytes, bytes | None]] = []
        async with LogReader(self.client, "read_committed") as log:
            await log.read(place, ignored, lambda key, value: found.append((key, value)))
        return found

    async def adapted(self, book: FeedState, number: int = 1) -> list[OutputRecord]:
        """What the next records become."""
        said: list[OutputRecord] = []
        for _, value in (await self.read(TopicPartition(*self.tp)))[book.next : book.next + number]:
            record = Rung(book.next, wall_clock(), value)
            taken = book.take(record, wall_clock())
            said += messages(taken, RecordContext.of(TILL, self.tp, record, wall_clock()), PARTITIONS)
        return said

    @property
    def shelf(self) -> TopicPartition:
        """Where the events of its order are."""
        return TopicPartition(EVENTS.name, partition_of(self.case.encode(), PLACES))

    async def steps(self) -> list[str]:
        """The steps of its order in promise.events."""
        found = [value for key, value in await self.read(self.shelf) if key == self.case.encode()]
        return [msgspec.json.decode(value or b"", type=StepReached).step for value in found]

    async def hidden(self) -> set[TopicPartition]:
        """Where no reader of what is committed gets to the end."""
        places = [STANDINGS, self.shelf]
        async with (
            LogReader(self.client, "read_committed") as committed,
            LogReader(self.client, "read_uncommitted") as whole,
        ):
            stable, ends = await committed.ends(places), await whole.ends(places)
        return {place for place in places if stable[place] < ends[place]}


class Rung(NamedTuple):
    """A record of the till."""

    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@pytest.fixture(scope="module")
def topic(kafka: LocalKafka) -> str:
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.create_topics([NewTopic(TILL.topic, 8, 1)])
    return TILL.topic


@pytest.fixture
def till(kafka: LocalKafka, topic: str, unused_partitions: Iterator[int]) -> Till:
    """A partition that no other test uses."""
    return Till(kafka.bootstrap, next(unused_partitions))


def test_the_next_owner_goes_on_and_the_last_can_write_no_more(till: Till) -> None:
    async def story() -> None:
        await till.rings("placed", "ready", "picked_up")
        async with till.opened() as (book, writer):
            said = await till.adapted(book, 2)
            await writer.write(book.changes(), said)
            async with till.opened() as (again, owner):
                assert (again.next, again.counts) == (2, book.counts)
                late = await till.adapted(book)
                with pytest.raises(ProducerFenced):
                    await writer.write(book.changes(), late)
                said = await till.adapted(again)
                await owner.write(again.changes(), said)
        assert await till.steps() == ["placed", "ready", "picked_up"]

    run(story())


def test_what_kafka_said_was_ended_and_lost_the_end_of_is_said_once(till: Till) -> None:
    async def story() -> None:
        await till.rings("placed", "ready")
        async with till.opened() as (book, dying):
            said = await till.adapted(book)
            await dying.write(book.changes(), said)
            said = await till.adapted(book)
            await hangs(dying, STANDINGS, till.shelf)
            await sends(dying, till.shelf, *((one.key, one.value) for one in said))
            await sends(dying, STANDINGS, *book.changes())
        assert await till.hidden() == {STANDINGS, till.shelf}
        async with till.opened() as (again, _):
            assert (again.next, again.counts) == (2, book.counts)
        assert await till.hidden() == set()
        assert await till.steps() == ["placed", "ready"]
        nothing = [value for key, value in await till.read(till.shelf) if key is None]
        assert nothing == [b'{"type":"clock","source":"promises","at":"2000-01-01T00:00:00Z","partition":0}']

    run(story())


def test_an_owner_waits_for_what_somebody_else_is_just_writing_for_its_own_may_stand_behind_it(till: Till) -> None:
    async def story() -> None:
        await till.rings("placed")
        async with AIOKafkaProducer(**till.client, transactional_id="somebody else") as other:
            async with till.opened() as (book, writer):
                await other.begin_transaction()
                await other.send_and_wait(INTAKE.name, b"theirs", key=b"theirs", partition=0)
                said = await till.adapted(book)
                await writer.write(book.changes(), said)
            opening = asyncio.ensure_future(till.opener.open(till.tp, ignored))
            done, _ = await asyncio.wait([opening], timeout=0.5)
            assert not done
            await other.commit_transaction()
            again, owner = await opening
            await owner.stop()
        assert again.next == 1

    run(story())


def test_records_that_were_dropped_before_they_were_read_are_told_of_and_the_rest_is_read(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        await till.rings("placed", "ready", "picked_up", "delivered")
        async with till.opened() as (book, writer):
            said = await till.adapted(book)
            await writer.write(book.changes(), said)
        with KafkaAdminClient(**till.client) as admin:
            admin.delete_records({AdminPartition(*till.tp): 3})
        async with till.opened() as (again, _):
            assert (again.next, again.counts.records) == (3, {"adapted": 1, "lost": 2})

    run(story())
    assert f"{TILL.topic}[{till.tp.partition}]: 2 records from offset 1 on were dropped" in caplog.text
