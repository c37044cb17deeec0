"""A worker's partitions come, go, and are lost: what may be kept is kept, what is still ours is opened again."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.engine import timing
from streams.engine.partitions import PartitionLost
from streams.engine.transaction import RecordTooLarge
from streams.kafka.topics import EVENTS
from streams.worker.recovery import WrongChangelog
from tests.engine.running import run
from tests.engine.stand_in import a_while
from tests.worker.agent_town import KIOSK, MARKET, SHOP, Town

pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds waits for a moment."""
    monkeypatch.setattr(timing, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(timing, "REOPEN_SECONDS", 0.0)
    monkeypatch.setattr(timing, "FLUSH_SECONDS", 0.05)


def test_a_worker_opens_what_it_is_given_and_nothing_else() -> None:
    async def story() -> None:
        town = Town()
        await town.shelf.own([SHOP, KIOSK], 1)
        assert set(town.shelf) == town.shelf.owned == {SHOP, KIOSK}
        assert sorted(town.opened) == [0, 1]
        assert town.shelf.recovering == {}
        await town.shelf.close()
        assert len(town.shelf) == 0
        assert town.pen(SHOP).is_stopped

    run(story())


def test_a_ledger_is_kept_over_a_rebalance_only_if_none_was_missed() -> None:
    async def story() -> None:
        town = Town()
        await town.shelf.own([SHOP, KIOSK], 4)
        first = dict(town.shelf)
        await town.shelf.own([SHOP, MARKET], 5)
        assert town.shelf[SHOP] is first[SHOP]
        assert set(town.shelf) == {SHOP, MARKET}
        await town.shelf.own([SHOP, MARKET], 7)
        assert town.shelf[SHOP] is not first[SHOP]
        assert town.opened.count(0) == 2
        await town.shelf.close()

    run(story())


def test_the_same_generation_once_more_keeps_nothing() -> None:
    async def story() -> None:
        town = Town()
        await town.shelf.own([SHOP], 4)
        await town.shelf.own([SHOP], 4)
        assert town.opened == [0, 0]
        await town.shelf.close()

    run(story())


def test_a_partition_that_went_to_another_and_came_back_has_what_the_other_did() -> None:
    async def story() -> None:
        town = Town()
        await town.shelf.own([SHOP], 1)
        town.takes(SHOP, "o1")
        await town.shelf.give_up()
        assert town.shelf.owned == frozenset()
        await town.shelf.own([], 2)
        other = Town(papers=town.papers)
        await other.shelf.own([SHOP], 2)
        other.takes(SHOP, "o2")
        await other.shelf.close()
        await town.shelf.own([SHOP], 3)
        assert town.shelf[SHOP].book.stored_cases().keys() == {"o1", "o2"}
        assert town.shelf[SHOP].next == 2
        await town.shelf.close()

    run(story())


def test_a_lost_partition_that_is_still_ours_is_opened_and_read_again() -> None:
    async def story() -> None:
        town = Town()
        await town.shelf.own([SHOP], 1)
        town.takes(SHOP, "o1")
        await town.shelf[SHOP].flush()
        lost, town.pen(SHOP).breaks = town.shelf[SHOP], KafkaConnectionError("the line is dead")
        town.takes(SHOP, "o2")
        await a_while()
        assert town.asked == [(SHOP, 1)]
        assert town.reread_ == [SHOP]
        assert town.shelf[SHOP] is not lost
        assert (town.shelf[SHOP].next, town.shelf[SHOP].lost) == (1, None)
        assert town.hopeless == []
        await town.shelf.close()

    run(story())


def test_a_lost_partition_that_is_not_ours_waits_for_the_rebalance() -> None:
    async def story() -> None:
        town = Town(ours=False)
        await town.shelf.own([SHOP], 1)
        town.papers[0].pen()  # another worker took it over
        town.takes(SHOP, "o1")
        await a_while()
        assert isinstance(town.shelf[SHOP].lost, ProducerFenced)
        assert town.opened == [0]
        await town.shelf.own([SHOP], 2)
        assert town.shelf[SHOP].lost is None
        assert town.opened == [0, 0]
        await a_while()
        assert (town.reread_, town.hopeless) == ([], [])
        await town.shelf.close()

    run(story())


def test_a_partition_that_is_neither_ours_nor_taken_is_hopeless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LOST_SECONDS", 0.01)
    monkeypatch.setattr(timing, "REOPEN_SECONDS", 0.001)

    async def story() -> None:
        town = Town(ours=False)
        await town.shelf.own([SHOP], 1)
        town.pen(SHOP).breaks = KafkaConnectionError("the line is dead")
        town.takes(SHOP, "o1")
        while not town.hopeless:
            await asyncio.sleep(0.001)
        assert isinstance(town.hopeless[0], PartitionLost)
        assert f"{EVENTS.name}[0] was lost, and nobody took it" in str(town.hopeless[0])
        assert "the line is dead" in str(town.hopeless[0])
        await town.shelf.close()

    run(story())


def test_a_partition_of_which_kafka_takes_no_step_is_hopeless_however_often_it_is_opened() -> None:
    async def story() -> None:
        town = Town(breaks=KafkaError("the record is not liked"))
        await town.shelf.own([SHOP], 1)
        while not town.hopeless:
            town.takes(SHOP, "o1")
            while town.shelf[SHOP].lost is None:
                await asyncio.sleep(0)
            await a_while()
        assert len(town.opened) == timing.LOSSES + 1
        assert "cannot be written" in str(town.hopeless[0])
        assert "the record is not liked" in str(town.hopeless[0])
        await town.shelf.close()

    run(story())


@pytest.mark.parametrize("error", [TopicAuthorizationFailedError(), RecordTooLarge("too large"), AssertionError()])
def test_what_no_further_try_helps_against_is_hopeless_at_once(error: Exception) -> None:
    async def story() -> None:
        town = Town(breaks=error)
        await town.shelf.own([SHOP], 1)
        town.takes(SHOP, "o1")
        await a_while()
        (found,) = town.hopeless
        assert found is error or (isinstance(found, PartitionLost) and repr(error) in str(found))
        assert town.opened == [0]
        await town.shelf.close()

    run(story())


def test_opening_is_tried_again_while_kafka_does_not_answer() -> None:
    async def story() -> None:
        town = Town(errors=[KafkaConnectionError("no broker"), KafkaTimeoutError("no answer")])
        await town.shelf.own([SHOP], 1)
        assert town.opened == [0, 0, 0]
        assert set(town.shelf) == {SHOP}
        await town.shelf.close()

    run(story())


def test_opening_is_given_up_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LOST_SECONDS", 0.0)

    async def story() -> None:
        town = Town(errors=[KafkaConnectionError("no broker")] * 99)
        with pytest.raises(
            PartitionLost, match=r"promise\.events\[0\] cannot be opened: KafkaConnectionError.*no broker"
        ):
            await town.shelf.own([SHOP], 1)
        assert town.shelf.recovering == {}

    run(story())


@pytest.mark.parametrize("error", [TransactionalIdAuthorizationFailed("shops"), WrongChangelog("trimmed")])
def test_opening_is_not_tried_again_where_that_cannot_help(error: Exception) -> None:
    async def story() -> None:
        town = Town(errors=[error])
        with pytest.raises((PartitionLost, WrongChangelog)):
            await town.shelf.own([SHOP], 1)
        assert town.opened == [0]

    run(story())


def test_giving_up_makes_durable_what_can_be_and_does_not_wait_for_the_rest() -> None:
    async def story() -> None:
        town = Town()
        await town.shelf.own([SHOP, KIOSK], 1)
        town.pen(KIOSK).hold()
        town.takes(SHOP, "o1")
        town.takes(KIOSK, "o2")
        await town.shelf.give_up()
        assert (town.shelf[SHOP].durable, town.shelf[KIOSK].durable) == (1, 0)
        assert town.shelf.owned == frozenset()
        await town.shelf.own([SHOP], 2)
        assert town.papers[1].steps == []
        await town.shelf.close()

    run(story())


def test_a_worker_that_ends_waits_for_no_partition_that_it_has_lost() -> None:
    async def story() -> None:
        town = Town(ours=False)
        await town.shelf.own([SHOP], 1)
        town.pen(SHOP).breaks = KafkaConnectionError("the line is dead")
        town.takes(SHOP, "o1")
        await a_while()
        await town.shelf.close()
        await a_while()
        assert (len(town.shelf), town.hopeless) == (0, [])

    run(story())
