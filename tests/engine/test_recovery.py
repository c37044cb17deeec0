"""A worker takes a partition over: it continues where the changelog says, or says clearly why it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka.errors import KafkaError

from streams.engine.recovery import WrongChangelog
from streams.kafka.topics import CHANGELOG, EVENTS, VERDICTS
from streams.local.ports import free_ports
from streams.records import OutputRecord
from streams.state.case_codec import UnknownPolicy
from tests.engine.kafka_partition import KafkaPartition, judge
from tests.engine.running import run
from tests.histories import order, policies_of
from tests.state.changelogs import contents_of

pytestmark = pytest.mark.integration

STORY = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").reached("ready", "12:30")
MORE = order("o2").promised("ready", due="12:50", time="12:10", at="harbour")


@pytest.mark.parametrize("is_exact", [True, False])
def test_the_next_owner_has_the_state_of_the_one_before(partition: KafkaPartition, is_exact: bool) -> None:
    async def story() -> None:
        records = await partition.send(STORY)
        async with partition.recovered(is_exact=is_exact) as (state, writer):
            assert state.next == 0
            await writer.write(judge(state, records).changes(), [OutputRecord(VERDICTS.name, b"o1", b"kept")])
        records = await partition.send(MORE)
        async with partition.recovered(is_exact=is_exact) as (again, writer):
            assert contents_of(again) == contents_of(state)
            await writer.write(judge(again, records).changes(), [])
        async with partition.recovered(is_exact=is_exact) as (last, _):
            assert contents_of(last) == contents_of(again)
            assert last.stored_cases().keys() == {"o1", "o2"}

    run(story())


def test_the_next_owner_judges_again_what_was_not_committed(partition: KafkaPartition) -> None:
    async def story() -> None:
        records = await partition.send(STORY)
        async with partition.recovered() as (state, writer):
            await writer._producer.begin_transaction()
            for key, value in judge(state, records).changes():
                await writer._producer.send_and_wait(CHANGELOG.name, value, key=key, partition=partition.partition)
            async with partition.recovered() as (again, _):
                assert (again.next, len(again)) == (0, 0)

    run(story())


def test_the_progress_of_reading_a_changelog_includes_markers_of_transactions(
    partition: KafkaPartition,
) -> None:
    reached: list[tuple[int, int]] = []

    async def story() -> None:
        async with partition.writer() as writer:
            for number in range(3):
                await writer.write([(b"h", b"%d" % number), (b"c%d" % number, b"case")], [])
            await writer.write([(b"c1", None), (b"c2", None)], [])
        assert await partition.read(CHANGELOG, progress=lambda *at: reached.append(at)) == {b"h": b"2", b"c0": b"case"}

    run(story())
    assert reached[0] == (0, 12)
    assert reached[-1] == (12, 12)
    assert reached == sorted(reached)


def test_an_empty_changelog_is_read_at_once(partition: KafkaPartition) -> None:
    reached: list[tuple[int, int]] = []

    async def story() -> None:
        assert await partition.read(CHANGELOG, progress=lambda *at: reached.append(at)) == {}
        async with partition.recovered() as (state, _):
            assert (state.next, state.has_changes) == (0, False)

    run(story())
    assert reached == [(0, 0)]


def test_a_changelog_of_aborted_transactions_only_is_empty(
    partition: KafkaPartition,
) -> None:
    async def story() -> None:
        for _ in range(2):
            async with partition.writer() as writer:
                await writer._producer.begin_transaction()
                await writer._producer.send_and_wait(CHANGELOG.name, b"1", key=b"h", partition=partition.partition)
                await writer._producer.abort_transaction()
        async with partition.recovered() as (state, _):
            assert state.next == 0

    run(story())


def test_events_trimmed_before_they_were_judged_are_an_error_with_a_remedy(partition: KafkaPartition) -> None:
    async def story() -> None:
        records = await partition.send(STORY)
        async with partition.recovered() as (state, writer):
            await writer.write(judge(state, records).changes(), [])
        await partition.send(MORE)
        await partition.send(replace(MORE, case="o3"))
        partition.trim(EVENTS, 2)
        async with partition.recovered() as (state, _):
            assert state.next == 2
        partition.trim(EVENTS, 3)
        message = (
            rf"{EVENTS.name}\[{partition.partition}\] of {partition.bootstrap} holds offsets 3 to 4, but its state in "
            rf"{CHANGELOG.name} continues at 2: .* stop all workers and delete {CHANGELOG.name} too"
        )
        with pytest.raises(WrongChangelog, match=message):
            async with partition.recovered():
                pass

    run(story())


def test_a_topic_that_was_recreated_under_a_state_is_an_error_with_a_remedy(partition: KafkaPartition) -> None:
    async def story() -> None:
        records = await partition.send(STORY)
        async with partition.recovered() as (state, writer):
            judge(state, records).next = 1_000  # as long as the topic was before it was deleted
            await writer.write(state.changes(), [])
        with pytest.raises(
            WrongChangelog, match=r"holds offsets 0 to 2, but its state in .* continues at 1000: .*recreated"
        ):
            async with partition.recovered():
                pass

    run(story())


def test_the_first_owner_of_a_trimmed_topic_begins_with_what_is_left(partition: KafkaPartition) -> None:
    async def story() -> None:
        await partition.send(STORY)
        partition.trim(EVENTS, 1)
        async with partition.recovered() as (state, _):
            assert state.next == 1

    run(story())


def test_recovery_needs_every_policy_that_the_state_was_judged_by(partition: KafkaPartition) -> None:
    async def story() -> None:
        records = await partition.send(STORY)
        async with partition.recovered() as (state, writer):
            await writer.write(judge(state, records).changes(), [])
        with pytest.raises(UnknownPolicy, match="ready"):
            async with partition.recovered(policies_of('[[policy]]\nkind = "delivered"\n')):
                pass

    run(story())


def test_without_kafka_recovery_fails_and_leaves_nothing_behind(partition: KafkaPartition) -> None:
    nowhere = replace(partition, bootstrap=f"127.0.0.1:{free_ports(1)[0]}")

    async def story() -> None:
        with pytest.raises(KafkaError):
            async with nowhere.recovered():
                pass
        with pytest.raises(KafkaError):
            await nowhere.read(CHANGELOG)

    run(story())
