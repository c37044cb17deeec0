"""A step is written as a whole or not at all, and only by the owner of the partition."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaError, ProducerFenced

from streams.engine.timing import TIMING
from streams.engine.transaction import RecordTooLarge, TransactionWriter
from streams.kafka.topics import ALERTS, CHANGELOG, INTAKE, REJECTS, VERDICTS
from streams.local.kafka_cluster import LocalKafka
from streams.records import OutputRecord
from tests.engine.conftest import LARGEST_ALERT
from tests.engine.kafka_partition import KafkaPartition
from tests.engine.running import run
from tests.worker.records import read

pytestmark = pytest.mark.integration

NOON = 1_772_798_400_000
KEPT = OutputRecord(VERDICTS.name, b"o1", b"kept")
TOO_LARGE = OutputRecord(ALERTS.name, b"o1", b"." * 2 * LARGEST_ALERT)


def test_a_step_is_written_to_the_partition_of_its_own_number(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer() as writer:
            await writer.write([(b"co1", b"case"), (b"h", b"head")], [KEPT, OutputRecord(REJECTS.name, None, b"{")])
            await writer.write([(b"co1", None)], [])
            assert await partition.read(CHANGELOG) == {b"h": b"head"}
            assert await partition.read(VERDICTS) == {b"o1": b"kept"}
            assert await partition.count(REJECTS) == 1

    run(story())


def test_an_output_may_name_its_partition_and_timestamp(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer() as writer:
            here = KEPT._replace(partition=partition.partition)
            there = OutputRecord(INTAKE.name, partition.name.encode(), b"far", partition=0, timestamp=NOON)
            await writer.write([(b"h", b"head")], [KEPT._replace(key=b"o0"), here, there])
        assert await partition.read(VERDICTS) == {b"o0": b"kept", b"o1": b"kept"}

    run(story())
    records = read(partition.bootstrap, INTAKE.name, [0])
    (output,) = [record for record in records if record.key == partition.name.encode()]
    assert (output.value, output.timestamp) == (b"far", NOON)


def test_a_new_owner_fences_the_former_one(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer() as former:
            await former.write([(b"h", b"1")], [])
            async with partition.writer() as owner:
                with pytest.raises(ProducerFenced):
                    await former.write([(b"h", b"2")], [KEPT])
                await owner.write([(b"h", b"3")], [])
        assert await partition.read(CHANGELOG, "read_uncommitted") == {b"h": b"3"}
        assert await partition.read(VERDICTS, "read_uncommitted") == {}
        assert await partition.hidden() == {}

    run(story())


async def assert_nothing_written(partition: KafkaPartition) -> None:
    """Assert that no record is visible or hidden."""
    assert await partition.hidden() == {}
    assert await partition.read(CHANGELOG) == {}
    assert await partition.read(VERDICTS) == {}


def test_a_new_owner_aborts_the_open_transaction_of_a_dead_one(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer() as dead:
            producer = dead._producer
            await producer.begin_transaction()
            await producer.send_and_wait(CHANGELOG.name, b"2", key=b"h", partition=partition.partition)
            await producer.send_and_wait(VERDICTS.name, b"kept", key=b"o1", partition=partition.partition)
            assert await partition.hidden() == {CHANGELOG.name: 1, VERDICTS.name: 1}
            async with partition.writer():
                await assert_nothing_written(partition)

    run(story())


def test_nothing_is_visible_of_a_step_with_one_refused_record(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer() as writer:
            with pytest.raises(
                RecordTooLarge, match=rf"{ALERTS.name}\[{partition.partition}\].*max\.message\.bytes of"
            ):
                await writer.write([(b"h", b"head")], [TOO_LARGE, KEPT])
            assert await partition.hidden() == {CHANGELOG.name: 1, VERDICTS.name: 1}
        async with partition.writer():
            await assert_nothing_written(partition)

    run(story())


def test_a_step_of_many_batches_becomes_visible_at_once(partition: KafkaPartition) -> None:
    async def story() -> None:
        large = [(b"c%d" % number, b"." * 100_000) for number in range(50)]
        async with partition.writer() as writer:
            await writer.write([*large, (b"h", b"head")], [KEPT] * 20_000)
        assert len(await partition.read(CHANGELOG)) == 51
        assert await partition.count(VERDICTS) == 20_000

    run(story())


def test_a_record_of_ten_megabytes_is_written(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer() as writer:
            await writer.write([(b"co1", b"." * 10_000_000)], [OutputRecord(REJECTS.name, b"o1", b"." * 10_000_000)])
        assert len((await partition.read(CHANGELOG))[b"co1"]) == 10_000_000

    run(story())


def test_without_transactions_outputs_may_repeat_but_are_never_missing(partition: KafkaPartition) -> None:
    async def story() -> None:
        async with partition.writer(is_exact=False) as writer:
            await writer.write([(b"co1", b"case"), (b"h", b"1")], [KEPT])
            with pytest.raises(RecordTooLarge, match=ALERTS.name):
                await writer.write([(b"h", b"2")], [KEPT, TOO_LARGE])
        assert await partition.read(CHANGELOG) == {b"co1": b"case", b"h": b"1"}
        assert await partition.count(VERDICTS) == 2

    run(story())


def test_without_transactions_the_changes_of_a_step_are_one_batch(partition: KafkaPartition) -> None:
    async def story() -> None:
        large = [(b"c%d" % number, b"." * 100_000) for number in range(50)]
        async with partition.writer(is_exact=False) as writer:
            await writer.write([*large, (b"h", b"1")], [])
            assert len(await partition.read(CHANGELOG)) == 51
            too_large = [*large, (b"c", b"." * (TIMING.changelog_batch_bytes - 1_000_000)), (b"h", b"2")]
            with pytest.raises(RecordTooLarge, match=rf"{CHANGELOG.name}.*--processing exactly_once"):
                await writer.write(too_large, [])
        assert (await partition.read(CHANGELOG))[b"h"] == b"1"

    run(story())


def test_writers_without_a_broker_stop_for_good(kafka: LocalKafka, partition: KafkaPartition) -> None:
    async def give_up(writer: TransactionWriter) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.write([(b"h", b"2")], [KEPT]), 1)
        await writer.stop()

    async def story() -> None:
        async with partition.writer() as exact, partition.writer(is_exact=False) as simple:
            await exact.write([(b"h", b"1")], [])
            await simple.write([(b"h", b"1")], [])
            kafka.stop_broker(1)
            try:
                await asyncio.gather(give_up(exact), give_up(simple))
                with pytest.raises(KafkaError):
                    async with partition.writer():
                        pass
            finally:
                kafka.start_broker(1)
        async with partition.writer():
            assert await partition.read(CHANGELOG) == {b"h": b"1"}
            assert await partition.read(VERDICTS) == {}

    run(story())
