"""A worker takes a place over: it continues where its changelog says, or says clearly why it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka.errors import KafkaError

from streams.kafka.topics import CHANGELOG, EVENTS, VERDICTS
from streams.local.ports import free_ports
from streams.records import OutputRecord
from streams.state.case_codec import UnknownPolicy
from streams.worker.recovery import WrongChangelog
from tests.engine.place import Place, judge
from tests.engine.running import run
from tests.histories import order, policies_of
from tests.state.changelogs import contents_of

pytestmark = pytest.mark.integration

STORY = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").reached("ready", "12:30")
MORE = order("o2").promised("ready", due="12:50", time="12:10", at="harbour")


@pytest.mark.parametrize("is_exact", [True, False])
def test_the_next_owner_has_the_book_of_the_one_before(place: Place, is_exact: bool) -> None:
    async def story() -> None:
        records = await place.told(STORY)
        async with place.opened(is_exact=is_exact) as (book, writer):
            assert book.next == 0
            await writer.write(judge(book, records).changes(), [OutputRecord(VERDICTS.name, b"o1", b"kept")])
        records = await place.told(MORE)
        async with place.opened(is_exact=is_exact) as (again, writer):
            assert contents_of(again) == contents_of(book)
            await writer.write(judge(again, records).changes(), [])
        async with place.opened(is_exact=is_exact) as (last, _):
            assert contents_of(last) == contents_of(again)
            assert last.stored_cases().keys() == {"o1", "o2"}

    run(story())


def test_what_was_not_committed_is_judged_again_by_the_next_owner(place: Place) -> None:
    async def story() -> None:
        records = await place.told(STORY)
        async with place.opened() as (book, writer):
            await writer._producer.begin_transaction()
            for key, value in judge(book, records).changes():
                await writer._producer.send_and_wait(CHANGELOG.name, value, key=key, partition=place.partition)
            async with place.opened() as (again, _):
                assert (again.next, len(again)) == (0, 0)

    run(story())


def test_how_far_a_changelog_is_read_is_told_and_its_last_offset_is_a_marker_of_a_transaction(place: Place) -> None:
    reached: list[tuple[int, int]] = []

    async def story() -> None:
        async with place.writer() as writer:
            for number in range(3):
                await writer.write([(b"h", b"%d" % number), (b"c%d" % number, b"case")], [])
            await writer.write([(b"c1", None), (b"c2", None)], [])
        assert await place.read(CHANGELOG, told=reached) == {b"h": b"2", b"c0": b"case"}

    run(story())
    assert reached[0] == (0, 12)
    assert reached[-1] == (12, 12)
    assert reached == sorted(reached)


def test_an_empty_changelog_is_read_at_once(place: Place) -> None:
    reached: list[tuple[int, int]] = []

    async def story() -> None:
        assert await place.read(CHANGELOG, told=reached) == {}
        async with place.opened() as (book, _):
            assert (book.next, book.has_changes) == (0, False)

    run(story())
    assert reached == [(0, 0)]


def test_a_changelog_that_holds_nothing_but_transactions_that_were_taken_back_is_empty(place: Place) -> None:
    async def story() -> None:
        for _ in range(2):
            async with place.writer() as writer:
                await writer._producer.begin_transaction()
                await writer._producer.send_and_wait(CHANGELOG.name, b"1", key=b"h", partition=place.partition)
                await writer._producer.abort_transaction()
        async with place.opened() as (book, _):
            assert book.next == 0

    run(story())


def test_events_trimmed_before_they_were_judged_are_an_error_that_says_so(place: Place) -> None:
    async def story() -> None:
        records = await place.told(STORY)
        async with place.opened() as (book, writer):
            await writer.write(judge(book, records).changes(), [])
        await place.told(MORE)
        await place.told(replace(MORE, case="o3"))
        place.trim(EVENTS, 2)
        async with place.opened() as (book, _):
            assert book.next == 2
        place.trim(EVENTS, 3)
        said = (
            rf"{EVENTS.name}\[{place.partition}\] of {place.bootstrap} holds offsets 3 to 4, but the book in "
            rf"{CHANGELOG.name} continues at 2: .* stop all workers and delete {CHANGELOG.name} too"
        )
        with pytest.raises(WrongChangelog, match=said):
            async with place.opened():
                pass

    run(story())


def test_a_topic_made_anew_under_a_book_is_an_error_that_says_so(place: Place) -> None:
    async def story() -> None:
        records = await place.told(STORY)
        async with place.opened() as (book, writer):
            judge(book, records).next = 1_000  # as long as the topic was before it was deleted
            await writer.write(book.changes(), [])
        with pytest.raises(
            WrongChangelog, match=r"holds offsets 0 to 2, but the book in .* continues at 1000: .*made anew"
        ):
            async with place.opened():
                pass

    run(story())


def test_a_first_owner_of_a_trimmed_topic_begins_with_what_is_left(place: Place) -> None:
    async def story() -> None:
        await place.told(STORY)
        place.trim(EVENTS, 1)
        async with place.opened() as (book, _):
            assert book.next == 1

    run(story())


def test_a_book_is_not_opened_without_a_policy_that_it_was_judged_by(place: Place) -> None:
    async def story() -> None:
        records = await place.told(STORY)
        async with place.opened() as (book, writer):
            await writer.write(judge(book, records).changes(), [])
        with pytest.raises(UnknownPolicy, match="ready"):
            async with place.opened(policies_of('[[policy]]\nkind = "delivered"\n')):
                pass

    run(story())


def test_where_no_kafka_is_nothing_is_left_of_the_try(place: Place) -> None:
    nowhere = replace(place, bootstrap=f"127.0.0.1:{free_ports(1)[0]}")

    async def story() -> None:
        with pytest.raises(KafkaError):
            async with nowhere.opened():
                pass
        with pytest.raises(KafkaError):
            await nowhere.read(CHANGELOG)

    run(story())
