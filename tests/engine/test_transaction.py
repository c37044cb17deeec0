"""What a step changed and said is written whole or not at all, by the one who owns the partition, and by no other."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaError, ProducerFenced

from streams.engine import timing
from streams.engine.transaction import RecordTooLarge, TransactionWriter
from streams.kafka.topics import ALERTS, CHANGELOG, INTAKE, REJECTS, VERDICTS
from streams.local.kafka_cluster import LocalKafka
from streams.records import OutputRecord
from tests.engine.conftest import LARGEST_ALERT
from tests.engine.place import Place
from tests.engine.running import run
from tests.worker.records import read

pytestmark = pytest.mark.integration

NOON = 1_772_798_400_000
KEPT = OutputRecord(VERDICTS.name, b"o1", b"kept")
LARGE = OutputRecord(ALERTS.name, b"o1", b"." * 2 * LARGEST_ALERT)


def test_a_step_is_written_to_the_partition_of_its_own_number(place: Place) -> None:
    async def story() -> None:
        async with place.writer() as writer:
            await writer.write([(b"co1", b"case"), (b"h", b"head")], [KEPT, OutputRecord(REJECTS.name, None, b"{")])
            await writer.write([(b"co1", None)], [])
            assert await place.read(CHANGELOG) == {b"h": b"head"}
            assert await place.read(VERDICTS) == {b"o1": b"kept"}
            assert await place.count(REJECTS) == 1

    run(story())


def test_what_belongs_elsewhere_goes_there_in_the_same_step_with_its_own_time(place: Place) -> None:
    async def story() -> None:
        async with place.writer() as writer:
            here = KEPT._replace(partition=place.partition)
            there = OutputRecord(INTAKE.name, place.name.encode(), b"far", partition=0, timestamp=NOON)
            await writer.write([(b"h", b"head")], [KEPT._replace(key=b"o0"), here, there])
        assert await place.read(VERDICTS) == {b"o0": b"kept", b"o1": b"kept"}

    run(story())
    (found,) = [one for one in read(place.bootstrap, INTAKE.name, [0]) if one.key == place.name.encode()]
    assert (found.value, found.timestamp) == (b"far", NOON)


def test_whoever_takes_a_place_over_shuts_its_former_owner_out(place: Place) -> None:
    async def story() -> None:
        async with place.writer() as former:
            await former.write([(b"h", b"1")], [])
            async with place.writer() as owner:
                with pytest.raises(ProducerFenced):
                    await former.write([(b"h", b"2")], [KEPT])
                await owner.write([(b"h", b"3")], [])
        assert await place.read(CHANGELOG, "read_uncommitted") == {b"h": b"3"}
        assert await place.read(VERDICTS, "read_uncommitted") == {}
        assert await place.hidden() == {}

    run(story())


async def nothing_is_left(place: Place) -> None:
    """Neither to be seen, nor in anybody's way."""
    assert await place.hidden() == {}
    assert await place.read(CHANGELOG) == {}
    assert await place.read(VERDICTS) == {}


def test_what_a_dead_owner_left_open_is_ended_when_the_place_is_taken_over(place: Place) -> None:
    async def story() -> None:
        async with place.writer() as dead:
            producer = dead._producer
            await producer.begin_transaction()
            await producer.send_and_wait(CHANGELOG.name, b"2", key=b"h", partition=place.partition)
            await producer.send_and_wait(VERDICTS.name, b"kept", key=b"o1", partition=place.partition)
            assert await place.hidden() == {CHANGELOG.name: 1, VERDICTS.name: 1}
            async with place.writer():
                await nothing_is_left(place)

    run(story())


def test_of_a_step_of_which_one_record_is_refused_nothing_is_seen(place: Place) -> None:
    async def story() -> None:
        async with place.writer() as writer:
            with pytest.raises(RecordTooLarge, match=rf"{ALERTS.name}\[{place.partition}\].*max\.message\.bytes of"):
                await writer.write([(b"h", b"head")], [LARGE, KEPT])
            assert await place.hidden() == {CHANGELOG.name: 1, VERDICTS.name: 1}
        async with place.writer():
            await nothing_is_left(place)

    run(story())


def test_a_step_of_many_batches_is_seen_all_at_once(place: Place) -> None:
    async def story() -> None:
        large = [(b"c%d" % number, b"." * 100_000) for number in range(50)]
        async with place.writer() as writer:
            await writer.write([*large, (b"h", b"head")], [KEPT] * 20_000)
        assert len(await place.read(CHANGELOG)) == 51
        assert await place.count(VERDICTS) == 20_000

    run(story())


def test_a_record_of_ten_megabytes_is_written(place: Place) -> None:
    async def story() -> None:
        async with place.writer() as writer:
            await writer.write([(b"co1", b"." * 10_000_000)], [OutputRecord(REJECTS.name, b"o1", b"." * 10_000_000)])
        assert len((await place.read(CHANGELOG))[b"co1"]) == 10_000_000

    run(story())


def test_without_transactions_what_was_said_may_repeat_but_is_never_missing(place: Place) -> None:
    async def story() -> None:
        async with place.writer(is_exact=False) as writer:
            await writer.write([(b"co1", b"case"), (b"h", b"1")], [KEPT])
            with pytest.raises(RecordTooLarge, match=ALERTS.name):
                await writer.write([(b"h", b"2")], [KEPT, LARGE])
        assert await place.read(CHANGELOG) == {b"co1": b"case", b"h": b"1"}
        assert await place.count(VERDICTS) == 2

    run(story())


def test_without_transactions_changes_of_many_megabytes_are_one_batch(place: Place) -> None:
    async def story() -> None:
        large = [(b"c%d" % number, b"." * 100_000) for number in range(50)]
        async with place.writer(is_exact=False) as writer:
            await writer.write([*large, (b"h", b"1")], [])
            assert len(await place.read(CHANGELOG)) == 51
            too_large = [*large, (b"c", b"." * (timing.CHANGELOG_BATCH_BYTES - 1_000_000)), (b"h", b"2")]
            with pytest.raises(RecordTooLarge, match=rf"{CHANGELOG.name}.*--processing exactly_once"):
                await writer.write(too_large, [])
        assert (await place.read(CHANGELOG))[b"h"] == b"1"

    run(story())


def test_writers_that_nobody_answers_are_stopped_for_good(kafka: LocalKafka, place: Place) -> None:
    async def gives_up(writer: TransactionWriter) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.write([(b"h", b"2")], [KEPT]), 1)
        await writer.stop()

    async def story() -> None:
        async with place.writer() as exact, place.writer(is_exact=False) as simple:
            await exact.write([(b"h", b"1")], [])
            await simple.write([(b"h", b"1")], [])
            kafka.stop_broker(1)
            try:
                await asyncio.gather(gives_up(exact), gives_up(simple))
                with pytest.raises(KafkaError):
                    async with place.writer():
                        pass
            finally:
                kafka.start_broker(1)
        async with place.writer():
            assert await place.read(CHANGELOG) == {b"h": b"1"}
            assert await place.read(VERDICTS) == {}

    run(story())
